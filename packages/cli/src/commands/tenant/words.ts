/** Limits, for people. */
import type { TenantUsage } from '@keytether/api'

type Limits = TenantUsage['limits']

export function limitWords({ rates, bodyBytes, ...numbers }: Limits): string[] {
  const words = [
    ...Object.entries(numbers).map(([what, most]) => `${most} ${what}`),
    ...(bodyBytes === undefined ? [] : [`${bodyBytes} bytes in a request`]),
    ...rateWords({ rates }),
  ]
  return words.length === 0 ? ['none'] : words
}

export function rateWords({ rates = {} }: Pick<Limits, 'rates'>): string[] {
  return Object.entries(rates).map(([name, { perSecond, atOnce }]) => {
    const words = [
      ...(perSecond === undefined ? [] : [`${perSecond} a second`]),
      ...(atOnce === undefined ? [] : [`${atOnce} at once`]),
    ]
    return `${name}: ${words.join(', ')}`
  })
}
