/** Which card is meant: one in a reader, or an emulated one in a file. */
import { CliError } from './errors.ts'

export type CardAddress =
  /** Without a name: that in the only reader. */
  { readonly kind: 'reader'; readonly name?: string } | { readonly kind: 'emulator'; readonly file: string }

/** The options that choose a card, where a command works on one. */
export interface CardChoice {
  readonly reader?: string
  readonly emulator?: string
}

/** @throws CliError if the options name several cards */
export function chosenCard({ reader, emulator }: CardChoice): CardAddress {
  if (reader !== undefined && emulator !== undefined) {
    throw new CliError('usage', '--reader and --emulator name two different cards: give one of them')
  }
  if (emulator !== undefined) return { kind: 'emulator', file: emulator }
  return { kind: 'reader', ...(reader !== undefined && { name: reader }) }
}

/**
 * A card in one word, where a command works on several: `reader:NAME`, or `reader` for the only one; `emulator:FILE`.
 *
 * @throws CliError
 */
export function parseCardAddress(text: string): CardAddress {
  const [, kind, rest] = /^([a-z]+)(?::(.+))?$/s.exec(text) ?? []
  if (kind === 'reader') return { kind, ...(rest !== undefined && { name: rest }) }
  if (kind === 'emulator' && rest !== undefined) return { kind, file: rest }
  throw new CliError('usage', `${text} does not say which card is meant`, ['wanted reader:NAME or emulator:FILE'])
}

/** As `parseCardAddress` takes it. */
export function cardAddressText(address: CardAddress): string {
  if (address.kind === 'emulator') return `emulator:${address.file}`
  return address.name === undefined ? 'reader' : `reader:${address.name}`
}
