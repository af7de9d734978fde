/** Log-in to a card: by the PIN, by custodians, or both. */
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import type { CardOptions } from './card-access.ts'
import { type CustodianOptions, custodianOptions } from './custodian/options.ts'
import { type Pin, type PinOptions, pinOptions, readPin, userPin } from './pin.ts'
import { accepted, checkTries, spending, triesNote } from './presented-pin.ts'

export interface LoginOptions extends PinOptions, CustodianOptions {
  readonly lastTry?: true
}

export function loginOptions(command: Command): Command {
  return custodianOptions(lastTryOption(pinOptions(command, userPin)))
}

export function lastTryOption(command: Command): Command {
  return command.option('--last-try', 'Present the PIN even if a wrong one would block it')
}

/**
 * Authenticates the custodians that are named, and presents the user PIN where there is one, unless that would spend the last
 * try and nobody said to.
 */
export async function login(
  card: SmartCardHsm,
  options: LoginOptions & CardOptions,
  signal: AbortSignal,
  which: Pin = userPin,
): Promise<void> {
  if (options.custodian) {
    const { authenticateCustodians } = await import('./custodian/holders.ts')
    await authenticateCustodians(card, options, signal)
  }
  const status = await checkTries(card, 'user', options.lastTry)
  // Others have opened the device, and it was left so.
  if (status.status === 'verified') return
  const pin = await readPin(options, which, signal, triesNote(status))
  accepted(await card.verifyPin(pin, spending(options)), 'user')
}
