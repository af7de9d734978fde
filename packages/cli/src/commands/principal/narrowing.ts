/** What a credential is narrowed to, as options say it and as it is shown. */
import { type Command, InvalidArgumentError } from 'commander'
import { type RightsOptions, roleOption } from './rights.ts'

export interface NarrowingOptions extends RightsOptions {
  readonly address?: readonly string[]
  readonly expires?: string
}

export function narrowingOptions(command: Command): Command {
  return roleOption(command, 'Of the roles of its principal, these alone')
    .option('--tag <tag...>', 'Of its tags, these alone')
    .option('--address <range...>', 'Taken from these addresses alone, as 192.0.2.7 or 2001:db8::/32')
    .option(
      '--expires <time>',
      'Until when it is good, as 2027-12-31 or 2027-12-31T12:00Z; default: until it is revoked',
      time,
    )
}

/** For the body of a request. */
export function narrowing({ role, tag, address, expires }: NarrowingOptions) {
  return {
    ...(expires !== undefined && { expiresAt: expires }),
    ...(role && { roles: [...role] }),
    ...(tag && { tags: [...tag] }),
    ...(address && { addresses: [...address] }),
  }
}

interface Narrowed {
  readonly roles?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly addresses?: readonly string[] | undefined
}

export function narrowingWords({ roles, tags, addresses }: Narrowed): string {
  const parts = Object.entries({ roles, tags, from: addresses }).filter(([, list]) => list !== undefined)
  return parts.map(([name, list]) => `${name} ${list!.length === 0 ? 'none' : list!.join(', ')}`).join('; ')
}

export function time(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('Wanted a time, such as 2027-12-31 or 2027-12-31T12:00Z.')
  return new Date(at).toISOString()
}
