/** The card that a command works on: in a reader, or an emulated one in a file. */
import type { Channel, TrustRoot } from '@keytether/card'
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { CliError } from './errors.ts'
import { interruption } from './interrupt.ts'
import { openState, type PassphraseOptions, passphraseOption } from './state-file.ts'
import { type TrustOptions, trustedRoots, trustOptions } from './trust.ts'

export interface CardOptions extends TrustOptions, PassphraseOptions {
  readonly reader?: string
  readonly emulator?: string
}

export function cardOptions(command: Command): Command {
  command.option('--reader <name>', 'The card in this reader; needed where there are several')
  command.option('--emulator <file>', 'The emulated token whose state is in this file')
  return passphraseOption(trustOptions(command))
}

interface AccessOptions {
  /** Where there is no emulated token in the file yet, make one. */
  readonly makeEmulator?: boolean
}

/** An identified card, its channel protected, for as long as `use` takes. */
export async function withCard<T>(
  options: CardOptions & AccessOptions,
  use: (card: SmartCardHsm, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using stop = interruption()
  const { channel, roots } = await openCard(options)
  // What is outstanding fails, and says so.
  stop.signal.addEventListener('abort', () => void channel.close().catch(() => {}))
  const { SmartCardHsm } = await import('@keytether/driver')
  try {
    const card = await SmartCardHsm.open(channel, { roots })
    await card.openSecureChannel()
    return await use(card, stop.signal)
  } catch (error) {
    throw stop.signal.aborted ? new CliError('interrupted', 'interrupted', [], { cause: error }) : error
  } finally {
    await channel.close()
  }
}

interface OpenedCard {
  readonly channel: Channel
  readonly roots: readonly TrustRoot[]
}

async function openCard(options: CardOptions & AccessOptions): Promise<OpenedCard> {
  if (options.reader !== undefined && options.emulator !== undefined) {
    throw new CliError('usage', '--reader and --emulator name two different cards: give one of them')
  }
  const roots = await trustedRoots(options)
  if (options.emulator !== undefined) {
    const { emulatorRoot } = await import('@keytether/emulator')
    const channel = await openState(options.emulator, { ...options, mustExist: !options.makeEmulator })
    return { channel, roots: [...roots, emulatorRoot] }
  }
  const { listReaders, openPcsc } = await import('@keytether/driver')
  return { channel: await openPcsc(chooseReader(options.reader, await listReaders())), roots }
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
