/** Password shares, asked for on a terminal: one custodian after the other. */
import type { PasswordShare } from '@keytether/custody'
import { askHidden } from './pin.ts'

/** As many as it takes; where nobody knows how many, until there are no more. */
export async function askPasswordShares(signal: AbortSignal): Promise<PasswordShare[]> {
  const { readPasswordShares } = await import('@keytether/custody')
  const shares: PasswordShare[] = []
  const enough = () => shares.length >= (shares[0]?.group?.threshold ?? Number.POSITIVE_INFINITY)
  const read = (text: string) => readPasswordShares(withPrime(text, shares[0]))
  const problem = (text: string) => {
    if (text === '' && shares.length >= 2) return undefined
    try {
      read(text)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  while (!enough()) {
    const end = shares.length >= 2 && shares[0]?.group === undefined ? '; nothing if that is all' : ''
    const label = `share of custodian ${shares.length + 1}, its words or its prime, ID and value${end}`
    const text = await askHidden(label, problem, signal)
    if (text === '') return shares
    shares.push(...read(text))
  }
  return shares
}

/** The prime is the same for all: only the first custodian has to type it. */
function withPrime(text: string, first: PasswordShare | undefined): string {
  if (first === undefined || !/^\s*[0-9a-f]{1,3}\s+[0-9a-f:]+\s*$/i.test(text)) return text
  return `${first.prime.toString(16)} ${text}`
}
