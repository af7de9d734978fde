/** PINs: asking, presenting, changing, resetting. A try is spent only on purpose, and the last one only if told so. */
import {
  ChangeReferenceData,
  deviceOptions,
  InitializeDevice,
  MakeSessionPin,
  ResetRetryCounter,
  Verify,
} from '@keytether/card'
import { concat } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { call, type Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { Initialization, PinOutcome, PinRole, PinStatus, Version } from './types.ts'

export interface TryOptions {
  /** Present the PIN even if this is the last try before it is blocked. */
  readonly lastTry?: boolean
}

const lengths = { user: { least: 6, most: 16 }, so: { least: 8, most: 8 } } as const

function fits(role: PinRole, pin: Uint8Array): boolean {
  return pin.length >= lengths[role].least && pin.length <= lengths[role].most
}

export async function pinStatus(link: Link, version: Version, role: PinRole): Promise<PinStatus> {
  // Protected, a command needs data or Le: without either the card has nothing to protect.
  const ask = call(Verify, { reference: role }, new Uint8Array())
  const [outcome] = await link.run([ask])
  switch (outcome.status) {
    case 'ok':
      return { status: 'verified' }
    case 'wrongPin':
      return outcome.triesLeft > 0 ? { status: 'notVerified', triesLeft: outcome.triesLeft } : { status: 'blocked' }
    case 'transportPin':
      // Before 2.0 there was no transport PIN, and the status word had another meaning.
      return { status: version.major < 2 ? 'notInitialized' : 'transportPin' }
    case 'wrongLength':
      throw new DriverError('NOT_SUPPORTED', 'the card does not tell how many tries of the PIN are left')
    default:
      return { status: outcome.status }
  }
}

/**
 * Why the PIN must not be presented now; nothing if it may.
 *
 * @param states in which there is something to present
 */
async function refusal(
  link: Link,
  version: Version,
  role: PinRole,
  { lastTry = false }: TryOptions,
  states: readonly PinStatus['status'][] = [],
): Promise<PinOutcome | undefined> {
  const status = await pinStatus(link, version, role)
  if (states.includes(status.status) || status.status === 'verified') return undefined
  if (status.status !== 'notVerified') return status
  return status.triesLeft === 1 && !lastTry ? { status: 'lastTry', triesLeft: 1 } : undefined
}

type Presented =
  | { readonly status: 'ok' }
  | { readonly status: 'wrongPin'; readonly triesLeft: number }
  | {
      readonly status: 'notAuthenticated' | 'blocked' | 'transportPin' | 'notInitialized' | 'wrongLength' | 'notAllowed'
    }

function outcomeOf(presented: Presented): PinOutcome {
  if (presented.status === 'ok') return { status: 'verified' }
  if (presented.status === 'wrongPin') return { status: 'wrongPin', triesLeft: presented.triesLeft }
  return { status: presented.status }
}

export async function verifyPin(
  link: Link,
  version: Version,
  pin: Uint8Array,
  options: TryOptions,
): Promise<PinOutcome> {
  if (!fits('user', pin)) return { status: 'wrongLength' }
  const refused = await refusal(link, version, 'user', options)
  if (refused) return refused
  const [outcome] = await link.run([call(Verify, { reference: 'user' }, pin, { le: link.secure ? 0x100 : undefined })])
  return outcomeOf(outcome)
}

export async function changePin(
  link: Link,
  version: Version,
  role: PinRole,
  oldPin: Uint8Array,
  newPin: Uint8Array,
  options: TryOptions,
): Promise<PinOutcome> {
  if (!fits(role, oldPin) || !fits(role, newPin)) return { status: 'wrongLength' }
  const refused = await refusal(link, version, role, options, ['transportPin'])
  if (refused) return refused
  const [outcome] = await link.run([call(ChangeReferenceData, { reference: role }, concat(oldPin, newPin))])
  return outcomeOf(outcome)
}

export async function resetRetryCounter(
  link: Link,
  version: Version,
  soPin: Uint8Array,
  newPin: Uint8Array | undefined,
  options: TryOptions,
): Promise<PinOutcome> {
  if (!fits('so', soPin) || (newPin && !fits('user', newPin))) return { status: 'wrongLength' }
  const refused = await refusal(link, version, 'so', options)
  if (refused) return refused
  const reset = newPin
    ? call(ResetRetryCounter, { mode: 'setPin' }, concat(soPin, newPin))
    : call(ResetRetryCounter, { mode: 'counterOnly' }, soPin)
  const [outcome] = await link.run([reset])
  return outcomeOf(outcome)
}

/**
 * A PIN that the card makes, for who is logged in, through secure messaging: as good as the user PIN for a while.
 *
 * @throws DriverError `NOT_SUPPORTED` if the device was initialised without it, `NOT_LOGGED_IN`; `NOT_ALLOWED` in the clear
 */
export async function makeSessionPin(link: Link): Promise<Uint8Array> {
  if (!link.secure) throw new DriverError('NOT_ALLOWED', 'a session PIN is not asked for in the clear')
  const [outcome] = await link.run([call(MakeSessionPin, {}, undefined)])
  return expectOk(outcome, 'make a session PIN', {
    notSupported: ['NOT_SUPPORTED', 'the device was initialised without session PINs'],
  })
}

const defaults = { options: 0x0001, pinTries: 3 }

const mostKeys = 90

function checkParameters({
  userPin,
  options,
  pinTries,
  publicKeyAuthentication: keys,
}: Initialization & typeof defaults): void {
  if (!userPin && !keys)
    throw new RangeError('without a user PIN or keys for authentication, nothing would open the device')
  if (options & deviceOptions.combinedAuthentication && !(userPin && keys)) {
    throw new RangeError('PIN and keys can only open the device together if there are both')
  }
  if (keys && !(keys.required >= 1 && keys.required <= keys.total && keys.total <= mostKeys)) {
    throw new RangeError(
      `wanted 1 to ${mostKeys} keys, of which 1 to all are required; got ${keys.required} of ${keys.total}`,
    )
  }
  if (userPin === undefined) return
  const mostTries = userPin.length === 6 ? 3 : userPin.length === 7 ? 5 : 10
  if (pinTries >= 1 && pinTries <= mostTries) return
  throw new RangeError(`a PIN of ${userPin.length} bytes may have 1 to ${mostTries} tries, got ${pinTries}`)
}

/** Erases everything but the device's own key and certificate. The security officer's PIN must match, except at first. */
export async function initialize(
  link: Link,
  version: Version,
  { soPin, userPin, options = defaults.options, pinTries = defaults.pinTries, ...rest }: Initialization,
  tryOptions: TryOptions,
): Promise<PinOutcome> {
  if (!fits('so', soPin) || (userPin && !fits('user', userPin))) return { status: 'wrongLength' }
  checkParameters({ soPin, ...(userPin && { userPin }), options, pinTries, ...rest })
  const refused = await refusal(link, version, 'so', tryOptions, ['notInitialized'])
  if (refused) return refused
  const [outcome] = await link.run([
    call(InitializeDevice, {}, { options, userPin, soPin, ...(userPin && { pinTries }), ...rest }),
  ])
  if (outcome.status === 'wrongData') throw new DriverError('WRONG_DATA', 'initialise: the card refuses the parameters')
  if (outcome.status === 'notSupported')
    throw new DriverError('NOT_SUPPORTED', 'initialise: the card does not support it')
  return outcomeOf(outcome)
}
