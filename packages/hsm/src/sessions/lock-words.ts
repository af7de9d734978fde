/** Why a device is locked, and what is to be done, in words. */
import type { PinOutcome, PinStatus } from '@keytether/driver'

export function lockWords(pin: PinStatus | PinOutcome): string {
  const left = 'triesLeft' in pin ? `, ${pin.triesLeft} ${pin.triesLeft === 1 ? 'try' : 'tries'} left` : ''
  switch (pin.status) {
    case 'verified':
      return 'the PIN is verified'
    case 'notVerified':
      return `locked${left}: give the PIN to its agent, or to the service`
    case 'wrongPin':
      return `wrong PIN${left}`
    case 'lastTry':
      return 'one try is left, and the service does not spend it: present the PIN beside the device'
    case 'blocked':
      return 'the PIN is blocked: reset its retry counter'
    case 'transportPin':
      return 'the transport PIN is still set: change it'
    case 'notInitialized':
      return 'the device is not initialised'
    case 'notAuthenticated':
      return 'locked: it waits for public key authentication'
    case 'wrongLength':
      return 'the PIN has the wrong length'
    case 'notAllowed':
      return "the device's options forbid it"
  }
}
