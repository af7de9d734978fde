/** Whether a PIN can be presented, and what came of it, in words. */
import type { PinOutcome, PinRole, PinStatus, SmartCardHsm } from '@keytether/driver'
import { notOpened } from './custodian/words.ts'
import { CliError } from './errors.ts'

/** For calls that present a PIN. */
export function spending({ lastTry = false }: { readonly lastTry?: boolean }): { readonly lastTry: boolean } {
  return { lastTry }
}

/** Before a PIN is asked for: whether it can be presented at all. */
export async function checkTries(card: SmartCardHsm, role: PinRole, lastTry: true | undefined): Promise<PinStatus> {
  const status = await card.pinStatus(role)
  if (status.status === 'notVerified' && status.triesLeft === 1 && !lastTry)
    accepted({ status: 'lastTry', triesLeft: 1 }, role)
  if (status.status === 'notAuthenticated') throw await notOpened(card)
  if (status.status === 'blocked') accepted(status, role)
  return status
}

const pinLabels = { user: 'PIN', so: 'SO-PIN' } as const

/**
 * @param label of the PIN in sentences; where there are several, it says whose it is
 * @throws CliError unless the PIN was accepted
 */
export function accepted(outcome: PinOutcome, role: PinRole, label: string = pinLabels[role]): void {
  switch (outcome.status) {
    case 'verified':
      return
    case 'wrongPin':
      throw new CliError('pin', `wrong ${label}: ${tries(outcome.triesLeft)} left`, [
        ...(outcome.triesLeft === 1 ? [`one more wrong ${label} blocks it`] : []),
        ...(outcome.triesLeft === 0 ? [blockedHints[role]] : []),
      ])
    case 'lastTry':
      throw new CliError('pin', `one try is left before the ${label} is blocked, and it was not spent`, [
        'if you are sure of it, add --last-try',
        ...(role === 'user' ? ['`keytether card pin unblock` gives new tries'] : []),
      ])
    case 'blocked':
      throw new CliError('pin', `the ${label} is blocked`, [blockedHints[role]])
    case 'transportPin':
      throw new CliError('pin', 'the PIN is a transport PIN, which opens nothing', [
        '`keytether card pin change` replaces it by one of your own',
      ])
    case 'notInitialized':
      throw new CliError('failed', 'the device is not initialised', ['`keytether card initialize` does that'])
    case 'notAuthenticated':
      throw new CliError('pin', 'this device is opened by public key authentication, not by a PIN')
    case 'wrongLength':
      throw new CliError('pin', `the device does not take a ${label} of this length`)
    case 'notAllowed':
      throw new CliError('failed', 'the device was initialised without the right to do this')
  }
}

const blockedHints = {
  user: '`keytether card pin unblock` unblocks it with the SO-PIN',
  so: 'nothing unblocks an SO-PIN: this device cannot be initialised any more',
} as const

export function tries(count: number): string {
  return count === 1 ? '1 try' : `${count} tries`
}

/** For who is asked for the PIN. */
export function triesNote(status: PinStatus): string | undefined {
  return status.status === 'notVerified' ? `${tries(status.triesLeft)} left` : undefined
}

/** The state of a PIN in words. */
export function pinWords(pin: PinStatus): string {
  switch (pin.status) {
    case 'notVerified':
      return `${tries(pin.triesLeft)} left`
    case 'verified':
      return 'verified'
    case 'blocked':
      return 'blocked'
    case 'transportPin':
      return 'transport PIN, to be changed before first use'
    case 'notInitialized':
      return 'not set: the device is not initialised'
    case 'notAuthenticated':
      return 'public key authentication needed'
  }
}
