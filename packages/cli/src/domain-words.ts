/** Key domains in the words of `sc-hsm-tool`. */
import type { KeyDomainInfo } from '@keytether/driver'

/** In one line. */
export function domainWords(domain: KeyDomainInfo): string {
  return domainLines(domain)
    .map(line => line.replace(/ +: /, ' '))
    .join(', ')
}

/** As `sc-hsm-tool` shows a DKEK, one fact a line. */
export function domainLines({ shares, outstanding, keyCheckValue, uid }: KeyDomainInfo): string[] {
  const value = Buffer.from(keyCheckValue).toString('hex').toUpperCase()
  const hasKey = keyCheckValue.some(byte => byte !== 0)
  if (uid) {
    const signer = `XKEK domain of group : ${Buffer.from(uid).toString('hex').toUpperCase()}`
    return [signer, hasKey ? `XKEK key check value : ${value}` : 'XKEK not agreed on yet']
  }
  if (shares === 0 && !hasKey) return ['not set up']
  return [
    `DKEK shares          : ${shares}`,
    outstanding > 0
      ? `DKEK import pending, ${outstanding} share(s) still missing`
      : `DKEK key check value : ${value}`,
  ]
}
