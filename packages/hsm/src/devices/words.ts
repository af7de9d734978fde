/** The state of a device, why it is so and what is to be done about it, in words. */
import type { PinStatus } from '@keytether/driver'
import type { DeviceSession, DeviceState } from '../sessions/device-session.ts'
import { lockWords } from '../sessions/lock-words.ts'
import type { Row } from '../store/tables.ts'
import type { Facts } from './facts.ts'

/** `quarantined` and `retired` are said of devices whatever their connections do; the others are those of a connection. */
type DeviceCondition = DeviceState | 'quarantined' | 'retired'

export interface Condition {
  readonly state: DeviceCondition
  readonly reason?: string
  /** What is to be done, if anything. */
  readonly advice?: string
}

export function conditionOf(
  row: Row<'devices'>,
  session: DeviceSession | undefined,
  facts: Facts | undefined,
): Condition {
  if (row.state === 'retired')
    return { state: 'retired', reason: 'it was retired', advice: 'claim it anew to use it again' }
  if (row.tenant_id === null) {
    return { state: 'quarantined', reason: 'nobody has claimed it', advice: 'claim it with its enrolment code' }
  }
  if (session === undefined) {
    return { state: 'offline', reason: 'it has not connected since the service started', advice: agentAdvice }
  }
  const { state, reason } = session
  const advice = adviceFor(state, facts)
  return { state, ...(reason !== undefined && { reason }), ...(advice !== undefined && { advice }) }
}

const agentAdvice = 'see that its agent runs and reaches the service'

function adviceFor(state: DeviceState, facts: Facts | undefined): string | undefined {
  if (state === 'offline') return agentAdvice
  if (state === 'lent') return 'wait until it is given back'
  if (state !== 'secured' || facts === undefined) return undefined
  return lockAdvice[facts.userPin.status]
}

const lockAdvice: Partial<Record<PinStatus['status'], string>> = {
  notVerified: 'give its PIN to the service or to its agent',
  blocked: 'reset the retry counter of its PIN with the SO-PIN',
  transportPin: 'change the transport PIN',
  notInitialized: 'initialise it',
  notAuthenticated: 'its custodians authenticate with `keytether card custodian authenticate`',
}

/** What may need somebody soon, though it works now. */
export function warningsOf(facts: Facts): string[] {
  const { soPin, userPin, freeMemory, keys, keyDomains } = facts
  return [
    ...(userPin.status === 'notVerified' && userPin.triesLeft < 3 ? [`user PIN: ${lockWords(userPin)}`] : []),
    ...(soPin.status === 'notVerified' && soPin.triesLeft < 3
      ? [`SO-PIN: ${soPin.triesLeft} of its tries are left`]
      : []),
    ...(soPin.status === 'blocked' ? ['the SO-PIN is blocked: the device can never be initialised again'] : []),
    ...(freeMemory !== undefined && freeMemory < lowMemory ? [`${freeMemory} bytes of memory are free`] : []),
    ...keyDomains
      .filter(domain => domain.outstanding > 0)
      .map(({ index, outstanding, shares }) => `key domain ${index} misses ${outstanding} of ${shares} shares`),
    ...keys
      .filter(({ usesLeft = Infinity }) => usesLeft < fewUses)
      .map(({ reference, label, usesLeft }) => `key ${reference}, ${label}: ${usesLeft} uses are left`),
  ]
}

/** Bytes: less than a few keys with their certificates take. */
const lowMemory = 8_192
const fewUses = 100
