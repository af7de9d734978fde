/** The cards that a command works on. */
import type { Channel, TrustRoot } from '@keytether/card'
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardAddress, type CardChoice, chosenCard } from './card-address.ts'
import { CliError } from './errors.ts'
import { interruption } from './interrupt.ts'
import { openState, type PassphraseOptions, passphraseOption } from './state-file.ts'
import { type TrustOptions, trustedRoots, trustOptions } from './trust.ts'

/** What it takes to get at cards, whichever they are. */
interface AccessOptions extends TrustOptions, PassphraseOptions {}

export interface CardOptions extends AccessOptions, CardChoice {}

/** For commands whose cards are arguments, each in one word. */
function accessOptions(command: Command): Command {
  return passphraseOption(trustOptions(command))
}

export function cardOptions(command: Command): Command {
  command.option('--reader <name>', 'The card in this reader; needed where there are several')
  command.option('--emulator <file>', 'The emulated token whose state is in this file')
  return accessOptions(command)
}

interface OpeningOptions {
  /** Where there is no emulated token in the file yet, make one. */
  readonly makeEmulator?: boolean
  /**
   * Leave log-in as it is found. What survives the command is the channel's business: cards in readers and files lose power
   * when it ends.
   */
  readonly keepLogIn?: boolean
}

/** An identified card, its channel protected, for as long as `use` takes. */
export function withCard<T>(
  options: CardOptions & OpeningOptions,
  use: (card: SmartCardHsm, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withCards([chosenCard(options)], options, ([card], signal) => use(card, signal))
}

/** The same for several cards at once, in the order of their addresses. */
async function withCards<const A extends readonly CardAddress[], T>(
  addresses: A,
  options: AccessOptions & OpeningOptions,
  use: (cards: { readonly [K in keyof A]: SmartCardHsm }, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using stop = interruption()
  const { SmartCardHsm } = await import('@keytether/driver')
  const channels: Channel[] = []
  // What is outstanding fails, and says so.
  stop.signal.addEventListener('abort', () => {
    for (const channel of channels) void channel.close().catch(() => {})
  })
  const open = async (address: CardAddress) => {
    const { channel, roots } = await openCard(address, options)
    channels.push(channel)
    stop.signal.throwIfAborted()
    const card = await SmartCardHsm.open(channel, { roots, keepLogIn: options.keepLogIn ?? false })
    await card.openSecureChannel()
    return card
  }
  try {
    const cards: SmartCardHsm[] = []
    for (const address of addresses) cards.push(await open(address))
    return await use(cards as { readonly [K in keyof A]: SmartCardHsm }, stop.signal)
  } catch (error) {
    throw stop.signal.aborted ? new CliError('interrupted', 'interrupted', [], { cause: error }) : error
  } finally {
    for (const channel of channels.reverse()) await channel.close()
  }
}

interface OpenedCard {
  readonly channel: Channel
  readonly roots: readonly TrustRoot[]
}

async function openCard(address: CardAddress, options: AccessOptions & OpeningOptions): Promise<OpenedCard> {
  const roots = await trustedRoots(options)
  if (address.kind === 'emulator') {
    const { emulatorRoot } = await import('@keytether/emulator')
    const channel = await openState(address.file, { ...options, mustExist: !options.makeEmulator })
    return { channel, roots: [...roots, emulatorRoot] }
  }
  const { listReaders, openPcsc } = await import('@keytether/driver')
  return { channel: await openPcsc(chooseReader(address.name, await listReaders())), roots }
}

function chooseReader(wanted: string | undefined, readers: readonly string[]): string {
  const listed = readers.map(name => `there is ${name}`)
  const reader = wanted ?? readers[0]
  if (reader === undefined) {
    throw new CliError('notFound', 'there is no card reader', [
      'plug one in, or start `keytether emulator --vpcd 127.0.0.1:35963` beside vpcd',
    ])
  }
  if (!readers.includes(reader)) throw new CliError('notFound', `there is no reader ${reader}`, listed)
  if (wanted === undefined && readers.length > 1) {
    throw new CliError('usage', 'there are several readers: choose one with --reader', listed)
  }
  return reader
}
