/** What `keytether card initialize` is told: whether it goes together, what the card is sent for it, and what that means. */
import type { Initialization } from '@keytether/driver'
import { CliError } from '../../errors.ts'
import type { PinOptions } from '../../pin.ts'

export interface Settings extends Pick<PinOptions, 'pinFile' | 'pinEnv'> {
  readonly label?: string
  readonly tries?: number
  /** False: public keys alone open the device. */
  readonly pin: boolean
  readonly transportPin?: true
  readonly pinReset: boolean
  readonly resetCounterOnly?: true
  readonly dkekShares?: number
  readonly keyDomains?: number
  readonly custodians?: number
  readonly required?: number
  readonly replaceCustodians?: true
  readonly sessionPin?: 'reset' | 'explicit'
}

export const usualTries = 3

type Contradiction = readonly [found: boolean | undefined, message: string, hint: string]

/** @throws CliError for what cannot be together */
export function checkSettings(settings: Settings): void {
  const { label, pin, custodians, required, sessionPin, replaceCustodians, pinFile, pinEnv } = settings
  const aboutPin = [settings.tries, settings.transportPin, settings.resetCounterOnly, sessionPin, pinFile, pinEnv]
  const contradictions: readonly Contradiction[] = [
    [
      !settings.pinReset && settings.resetCounterOnly,
      '--no-pin-reset forbids what --reset-counter-only allows',
      'with --no-pin-reset the SO-PIN does nothing for the PIN, with --reset-counter-only it gives new tries: give one',
    ],
    [
      settings.dkekShares !== undefined && settings.keyDomains !== undefined,
      '--dkek-shares sets up the one key domain, --key-domains makes room for several: give one of them',
      'a single domain: --dkek-shares; several, each set up later with shares of its own: --key-domains',
    ],
    [
      (custodians === undefined) !== (required === undefined),
      '--custodians and --required belong together',
      'as in --custodians 3 --required 2: three keys are registered, any two of them open the device',
    ],
    [
      custodians !== undefined && required !== undefined && required > custodians,
      `${required} of ${custodians} custodians cannot be required: nobody could ever open the device`,
      '--required is at most --custodians, and lower if one of them may be missing',
    ],
    [
      !pin && custodians === undefined,
      'with --no-pin and without custodians, nothing would open the device',
      'add --custodians 3 --required 2, or leave out --no-pin',
    ],
    [
      !pin && (aboutPin.some(each => each !== undefined) || !settings.pinReset),
      '--no-pin leaves no PIN that there could be tries, a reset, a transport or a session PIN of',
      'leave out --no-pin, or all that is about the PIN',
    ],
    [
      custodians === undefined && replaceCustodians,
      '--replace-custodians without custodians',
      'add --custodians 3 --required 2, or leave it out',
    ],
    [
      label !== undefined && settings.transportPin,
      'a label can only be written after log-in, which a transport PIN does not give',
      'leave out --label; `keytether card label` writes one when its user has changed the PIN',
    ],
    [
      label !== undefined && custodians !== undefined,
      'a label can only be written after log-in, for which the keys of the custodians must first be registered',
      'leave out --label; `keytether card label` writes one when the custodians have opened it',
    ],
    [
      sessionPin === 'reset' && replaceCustodians,
      'of a device where keys of custodians may be replaced, the session PIN does not end with a reset: the two share a bit',
      'choose --session-pin explicit, or leave out --replace-custodians',
    ],
    [
      sessionPin === 'explicit' && custodians !== undefined && !replaceCustodians,
      'a session PIN that does not end with a reset also allows to replace keys of custodians: the two share a bit',
      'add --replace-custodians if that may be, or choose --session-pin reset',
    ],
  ]
  const [, message, hint] = contradictions.find(([found]) => found) ?? []
  if (message !== undefined) throw new CliError('usage', message, hint === undefined ? [] : [hint])
}

/** What the card is sent, PINs apart. */
export async function initializationOf(settings: Settings): Promise<Omit<Initialization, 'soPin' | 'userPin'>> {
  const { deviceOptions } = await import('@keytether/card')
  const { pin, pinReset, custodians: total, required, sessionPin } = settings
  const bits: readonly (readonly [set: boolean | undefined, bit: number])[] = [
    [pin && pinReset, deviceOptions.resetRetryCounter],
    [settings.transportPin, deviceOptions.transportPin],
    [sessionPin !== undefined, deviceOptions.sessionPinClearedOnReset],
    [settings.replaceCustodians || sessionPin === 'explicit', deviceOptions.replaceAuthenticationKey],
    [pin && total !== undefined, deviceOptions.combinedAuthentication],
    [settings.resetCounterOnly, deviceOptions.resetCounterOnly],
  ]
  return {
    options: bits.reduce((all, [set, bit]) => (set ? all | bit : all), 0),
    pinTries: settings.tries ?? usualTries,
    ...(settings.label !== undefined && { label: settings.label }),
    ...(settings.dkekShares !== undefined && { dkekShares: settings.dkekShares }),
    ...(settings.keyDomains !== undefined && { keyDomains: settings.keyDomains }),
    ...(total !== undefined && required !== undefined && { publicKeyAuthentication: { total, required } }),
  }
}
