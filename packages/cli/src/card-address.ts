/** Which card is meant: one in a reader, an emulated one in a file, or a device that is connected to a service. */
import { CliError } from './errors.ts'

export type CardAddress =
  /** Without a name: that in the only reader. */
  | { readonly kind: 'reader'; readonly name?: string }
  | { readonly kind: 'emulator'; readonly file: string }
  /** Without a name: the only one. */
  | { readonly kind: 'service'; readonly device?: string }

/** The options that choose a card, where a command works on one. */
export interface CardChoice {
  readonly reader?: string
  readonly emulator?: string
  readonly service?: string
  readonly device?: string
}

/** @throws CliError if the options name several cards */
export function chosenCard({ reader, emulator, service, device }: CardChoice): CardAddress {
  const remote = device === undefined ? { '--service': service } : { '--device': device }
  const given = Object.entries({ '--reader': reader, '--emulator': emulator, ...remote }).filter(
    ([, value]) => value !== undefined,
  )
  if (given.length > 1) {
    const names = given.map(([name]) => name)
    throw new CliError('usage', `${names.join(' and ')} name different cards: give one of them`)
  }
  if (emulator !== undefined) return { kind: 'emulator', file: emulator }
  if (device !== undefined) return { kind: 'service', device }
  if (service !== undefined) return { kind: 'service' }
  return { kind: 'reader', ...(reader !== undefined && { name: reader }) }
}

/**
 * A card in one word, where a command works on several: `reader:NAME`, or `reader` for the only one; `emulator:FILE`;
 * `service:DEVICE`, or `service` for the only device that is connected.
 *
 * @throws CliError
 */
export function parseCardAddress(text: string): CardAddress {
  const [, kind, rest] = /^([a-z]+)(?::(.+))?$/s.exec(text) ?? []
  if (kind === 'reader') return { kind, ...(rest !== undefined && { name: rest }) }
  if (kind === 'emulator' && rest !== undefined) return { kind, file: rest }
  if (kind === 'service') return { kind, ...(rest !== undefined && { device: rest }) }
  throw new CliError('usage', `${text} does not say which card is meant`, [
    'wanted reader:NAME, emulator:FILE or service:DEVICE',
  ])
}

/** As `parseCardAddress` takes it. */
export function cardAddressText(address: CardAddress): string {
  const name = nameIn(address)
  return name === undefined ? address.kind : `${address.kind}:${name}`
}

function nameIn(address: CardAddress): string | undefined {
  if (address.kind === 'reader') return address.name
  return address.kind === 'emulator' ? address.file : address.device
}
