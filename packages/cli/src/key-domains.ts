/** Key domains of a card, as commands show them. */
import type { KeyDomainInfo } from '@keytether/driver'
import { type Command, InvalidArgumentError } from 'commander'

export interface DomainOptions {
  readonly domain: number
}

export function domainOption(command: Command): Command {
  return command.option('--domain <number>', 'Which key domain of the card', domainNumber, 0)
}

export function domainNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 0xff) throw new InvalidArgumentError('Wanted 0 to 255.')
  return number
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

/** How far a domain is set up. */
export async function domainWords(domain: KeyDomainInfo): Promise<string> {
  const { keyDomainState } = await import('@keytether/driver')
  const { index, shares, outstanding, keyCheckValue, uid } = domain
  const own = uid ? `group ${hex(uid).slice(0, 16)}…, ` : ''
  switch (keyDomainState(domain)) {
    case 'notSetUp':
      return 'not set up'
    case 'incomplete':
      if (uid) return `${own}no key yet: \`keytether card group connect\` with another member`
      return `${outstanding} of ${sharesOf(shares)} missing: \`keytether card domain import${index === 0 ? '' : ` --domain ${index}`}\``
    case 'complete':
      if (uid) return `${own}key check value ${hex(keyCheckValue)}`
      if (shares === 0)
        return `made by the device itself, which alone has its key: key check value ${hex(keyCheckValue)}`
      return `complete with ${sharesOf(shares)}: key check value ${hex(keyCheckValue)}`
  }
}

export function sharesOf(count: number): string {
  return count === 1 ? '1 share' : `${count} shares`
}

/** A domain in JSON. Without its key it has no key check value, whatever the card shows in its place. */
export async function domainDocument(domain: KeyDomainInfo): Promise<Record<string, unknown>> {
  const { keyDomainState } = await import('@keytether/driver')
  const { index, shares, outstanding, keyCheckValue, uid } = domain
  const state = keyDomainState(domain)
  return {
    index,
    state,
    shares,
    outstanding,
    keyCheckValue: state === 'complete' ? hex(keyCheckValue) : undefined,
    uid: uid && hex(uid),
  }
}
