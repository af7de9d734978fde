/** What is done on a member of a group: when its turn comes, with what that says about it. */
import { isRefusal, type SmartCardHsm } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Member } from '../groups/members.ts'
import type { Pools } from '../scheduler/pools.ts'
import type { DeviceSession } from '../sessions/device-session.ts'

export interface Work {
  readonly pools: Pools
  readonly priority: 'normal' | 'background'
  readonly signal: AbortSignal
}

/** The device did not do it, and is there still or is not: in words. */
export interface NotDone {
  readonly notDone: string
}

/**
 * Does several commands on one member, which is its alone meanwhile.
 *
 * @throws what the signal was aborted with, and what is a defect of ours
 */
export async function onMember<T extends object>(
  { pools, priority, signal }: Work,
  { path, group }: Member,
  kind: string,
  run: (card: SmartCardHsm, device: DeviceSession) => Promise<T>,
): Promise<T | NotDone> {
  const refused = async (card: SmartCardHsm, device: DeviceSession): Promise<T | NotDone> => {
    try {
      return await run(card, device)
    } catch (error) {
      if (isRefusal(error)) return { notDone: error.message }
      throw error
    }
  }
  const operation = { kind, on: new Set([path]), repeatable: false, priority, single: false, run: refused }
  try {
    return await pools.of(group).run(operation, signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof HsmError)) throw error
    return { notDone: error.message }
  }
}
