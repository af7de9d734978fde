/** What is asked of the devices of a group. */
import type { SmartCardHsm } from '@keytether/driver'
import type { DeviceSession } from '../sessions/device-session.ts'

/** One piece of work for whichever member can do it. */
export interface Operation<T> {
  /** What its time is learned for, as `sign EC secp256r1`. */
  readonly kind: string
  /** What it uses, as `web v1`, where that is one key. */
  readonly key?: string
  /** Ids (certified paths) of the devices that can do it; absent: any member. */
  readonly on?: ReadonlySet<string>
  /** Safe to do twice: what a lost device did not answer is done by another one. */
  readonly repeatable: boolean
  /** Default `normal`. */
  readonly priority?: 'normal' | 'background'
  /** It is one command: several such are on their way to a card at once. Otherwise the card is this operation's alone. */
  readonly single: boolean
  run(card: SmartCardHsm, device: DeviceSession): Promise<T>
}
