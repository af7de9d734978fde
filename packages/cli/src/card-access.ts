/** The cards that a command works on. */
import type { Channel, TrustRoot } from '@keytether/card'
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { type CardAddress, type CardChoice, chosenCard } from './card-address.ts'
import { CliError } from './errors.ts'
import { interruption } from './interrupt.ts'
import { chooseReader } from './reader.ts'
import { type ServiceOptions, serviceAccess, serviceOptions } from './service/options.ts'
import { openState, type PassphraseOptions, passphraseOption } from './state-file.ts'
import { type TrustOptions, trustedRoots, trustOptions } from './trust.ts'

/** What it takes to get at cards, whichever they are. */
export interface AccessOptions extends TrustOptions, PassphraseOptions, ServiceOptions {}

export interface CardOptions extends AccessOptions, CardChoice {}

/** For commands whose cards are arguments, each in one word. */
export function accessOptions(command: Command): Command {
  return serviceOptions(passphraseOption(trustOptions(command)))
}

export function cardOptions(command: Command): Command {
  command.option('--reader <name>', 'The card in this reader; needed where several have one')
  command.option('--emulator <file>', 'The emulated token whose state is in this file')
  command.option('--device <name>', 'The device that is connected to a service; its id or the last part of it')
  return accessOptions(command)
}

interface OpeningOptions {
  /** Where there is no emulated token in the file yet, make one. */
  readonly makeEmulator?: boolean
  /**
   * Leave log-in as it is found, and as it is left if the device is connected to a service. Cards in readers and files lose
   * power when the command ends.
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
export async function withCards<const A extends readonly CardAddress[], T>(
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
    const { channel, roots } = await openCard(address, options, stop.signal)
    channels.push(channel)
    stop.signal.throwIfAborted()
    const { keepLogIn = false } = options
    const card = await SmartCardHsm.open(channel, { roots, keepLogIn: keepLogIn || address.kind === 'service' })
    if (address.kind === 'service') refuseOther(address.device, card)
    // Not what custodians have shown; otherwise, only by selecting anew does the card tell its options.
    const mayLogOut = !keepLogIn && address.kind === 'service'
    if (mayLogOut && (await card.pinStatus()).status !== 'notAuthenticated') await card.logout()
    await card.openSecureChannel()
    return card
  }
  try {
    const cards: SmartCardHsm[] = []
    for (const address of addresses) cards.push(await open(address))
    return await use(cards as { readonly [K in keyof A]: SmartCardHsm }, stop.signal)
  } catch (error) {
    if (stop.signal.aborted) throw new CliError('interrupted', 'interrupted', [], { cause: error })
    throw addresses.some(({ kind }) => kind === 'service') ? notLetThrough(error) : error
  } finally {
    for (const channel of channels.reverse()) await channel.close()
  }
}

/** Which device it gives, the service decides; what it is called, the certificate. */
function refuseOther(wanted: string | undefined, { identity }: SmartCardHsm): void {
  const id = identity.path.replaceAll('/', '.')
  if (wanted === undefined || id === wanted || id.endsWith(`.${wanted}`)) return
  throw new CliError('failed', `the service gave another device than ${wanted}: it is ${id}`, [
    'do not give this device your PIN, nor shares or keys; ask who runs the service',
  ])
}

interface OpenedCard {
  readonly channel: Channel
  readonly roots: readonly TrustRoot[]
}

async function openCard(
  address: CardAddress,
  options: AccessOptions & OpeningOptions,
  signal: AbortSignal,
): Promise<OpenedCard> {
  const roots = await trustedRoots(options)
  if (address.kind === 'service') {
    const { borrowCard } = await import('./service/lent-card.ts')
    const { device } = address
    const { keepLogIn = false } = options
    return { channel: await borrowCard(await serviceAccess(options), { device, keepLogIn, signal }), roots }
  }
  if (address.kind === 'emulator') {
    const { emulatorRoot } = await import('@keytether/emulator')
    const channel = await openState(address.file, { ...options, mustExist: !options.makeEmulator })
    return { channel, roots: [...roots, emulatorRoot] }
  }
  const { openPcsc } = await import('@keytether/driver')
  return { channel: await openPcsc(await chooseReader(address.name)), roots }
}

/** Where the device is connected, commands may be held back. Whoever does that cannot answer as the chip does. */
function notLetThrough(error: unknown): unknown {
  const { code, cause } = error as { code?: string; cause?: { name?: string; code?: string; sw?: number } }
  const plain = code === 'SECURE_CHANNEL' && cause?.name === 'SecureMessagingError' && cause.code === 'PLAIN'
  if (!plain || cause.sw !== 0x6982) return error
  return new CliError('failed', 'the command did not reach the chip: somebody on the way refused it', [
    'where the device is connected, `keytether agent --allow use manage initialize` says what is let through',
  ])
}
