/** What opens a device that is opened by custodians' keys, in words. */
import type { AuthenticationOutcome, AuthenticationStatus, SmartCardHsm } from '@keytether/driver'
import { CliError } from '../errors.ts'

export function countWords({ total, missing, required, authenticated }: AuthenticationStatus): string {
  const registered = missing === 0 ? '' : `, ${missing} of them not registered yet`
  const open = required === 1 ? 'opens' : 'open'
  return `${required} of ${total} keys ${open} the device${registered}; ${authenticated} authenticated`
}

/** The device is not open: what is missing, and what to do. */
export async function notOpened(card: SmartCardHsm): Promise<CliError> {
  const status = await card.authentication.status()
  if (status === undefined)
    return new CliError('pin', 'this device is opened by public key authentication, not by a PIN')
  const { total, missing, required, authenticated } = status
  if (total - missing < required) {
    return new CliError('pin', countWords(status), [
      '`keytether card custodian register FILE` registers a key',
      '`keytether card custodian export KEY --out FILE` makes that file, on the token of who is to hold the key',
    ])
  }
  const more = required - authenticated
  return new CliError('pin', `${countWords(status)}: ${more} more ${more === 1 ? 'is' : 'are'} needed`, [
    '--custodian authenticates one: reader:NAME or emulator:FILE for a token, or NAME=FILE for a key file',
    'where the device is connected to a service, each does it from his place: `keytether card custodian authenticate --help`',
  ])
}

/** @throws CliError unless the key is authenticated */
export function authenticated(outcome: AuthenticationOutcome, key: string): void {
  switch (outcome.status) {
    case 'authenticated':
    case 'alreadyAuthenticated':
      return
    case 'unknownKey':
      throw new CliError('notFound', `no key ${key} is registered`, ['`keytether card custodian list` shows the keys'])
    case 'wrongSignature':
      throw new CliError('pin', `this is not the signature of ${key} over the device's last challenge`, [
        'a challenge is good for one signature, and the next one replaces it: `keytether card custodian challenge`',
        'nothing else was spent, and who is authenticated stays so',
      ])
    case 'noChallenge':
      throw new CliError('pin', 'the device waits for no answer: its challenge was answered, or it was reset since', [
        '`keytether card custodian challenge` asks for another',
      ])
  }
}
