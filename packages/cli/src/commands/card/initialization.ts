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

const usualTries = 3

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

type Meaning = readonly [setting: string, meaning: string]

/** What each setting means, and what it will never allow again. */
export function meaningOf(settings: Settings): Meaning[] {
  const { label } = settings
  return [
    ...(label === undefined ? [] : [['Label', label] as const]),
    ['Opened by', openedBy(settings)],
    ...(settings.pin ? [['PIN reset', resetMeaning(settings)] as const] : []),
    ...custodianMeaning(settings),
    ...(settings.sessionPin ? [['Session PIN', sessionMeaning[settings.sessionPin]] as const] : []),
    ['Keys', exportMeaning(settings)],
  ]
}

function openedBy({ pin, tries = usualTries, transportPin, custodians, required }: Settings): string {
  const keys = `${required} of ${custodians} custodians`
  if (!pin) return `${keys}, without a PIN: where fewer than ${required} of their keys are left, all keys here are lost`
  const blocks = `${tries === 1 ? 'one wrong one blocks' : `${tries} wrong ones in a row block`} it`
  const what = transportPin
    ? `a transport PIN, which opens nothing until its user has changed it; ${blocks}`
    : `the PIN; ${blocks}`
  return custodians === undefined ? what : `${what}\nand ${keys} as well: neither does without the other`
}

function resetMeaning({ pinReset, resetCounterOnly }: Settings): string {
  if (!pinReset) return 'never: a PIN that is blocked or forgotten is so for ever, and all keys here are lost with it'
  if (resetCounterOnly) {
    return 'the SO-PIN gives new tries and can never set a PIN: one that is forgotten is so for ever, and all keys with it'
  }
  return 'the SO-PIN gives new tries and sets a new PIN: who has it can use the keys'
}

function custodianMeaning({ custodians, replaceCustodians }: Settings): Meaning[] {
  if (custodians === undefined) return []
  const replace = replaceCustodians
    ? 'registered keys can be replaced after log-in'
    : 'a registered key stays for ever: one that is lost is lost'
  return [
    [
      'Custodians',
      `${custodians} keys to be registered, which needs no log-in: do it before the device leaves your hands\n${replace}`,
    ],
  ]
}

const sessionMeaning = {
  reset: 'the card can make a PIN for one session; it ends when the card is reset',
  explicit: 'the card can make a PIN for one session; it outlives a reset and ends with the power, or with a new PIN',
} as const

function exportMeaning({ dkekShares: shares, keyDomains: domains }: Settings): string {
  if (domains !== undefined) {
    return `${domains} key domain${domains === 1 ? '' : 's'}, to be set up later: a key leaves the device only under the domain that it is made in`
  }
  if (shares === undefined) {
    return 'never leave this device: no backup, no second device with the same keys'
  }
  if (shares === 0) {
    return (
      'leave this device only encrypted under a key that it makes now and that nobody else has:\n' +
      'what was exported comes back to no other device, and not to this one once it is initialised again'
    )
  }
  const all = shares === 1 ? 'the same share' : `the same ${shares} shares`
  return (
    `leave this device encrypted, to any device with ${all}: who has ${shares === 1 ? 'it' : 'all'} and the PIN can copy them.\n` +
    `Until ${shares === 1 ? 'it is' : 'all are'} imported, none leaves; without ${shares === 1 ? 'it' : 'one'}, a backup is worth nothing`
  )
}

/** What is left to be done. */
export function nextSteps({ transportPin, custodians, dkekShares, keyDomains }: Settings): string[] {
  return [
    ...(custodians === undefined
      ? []
      : [`register the keys of ${custodians} custodians: \`keytether card custodian register\``]),
    ...(dkekShares
      ? [`import ${dkekShares === 1 ? 'the share' : `${dkekShares} shares`}: \`keytether card domain import\``]
      : []),
    ...(keyDomains === undefined ? [] : ['set up key domains: `keytether card domain create`']),
    ...(transportPin ? ['the user changes the PIN: `keytether card pin change`'] : []),
  ]
}
