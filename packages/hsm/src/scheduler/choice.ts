/** Which member of a group is given an operation. */
import type { Lane } from './backlog.ts'
import type { Member } from './member.ts'
import type { Task, Work } from './task.ts'

/**
 * What is expected is not known: a device that has something to do is preferred to one that is free if it is faster by this
 * part and this much; and of those that are free, others take turns.
 */
const faster = { ratio: 0.8, ms: 5 }

interface Circumstances {
  readonly now: number
  /** For how long operations of this kind keep a member busy. */
  readonly usualMs: number | undefined
  /** It may go to a member that has something to do. */
  readonly urgent: boolean
}

/** The member that takes the task now, if one does: those on standby only if there is no other that can do it. */
export function quickest<W extends Work>(
  lane: Lane<W>,
  task: Task<W>,
  { now, usualMs, urgent }: Circumstances,
): Member<W> | undefined {
  let active = false
  let best: Member<W> | undefined
  let bestAt = Number.POSITIVE_INFINITY
  for (const member of lane.members) {
    if (!isAble(member, task) || (active && member.standby)) continue
    if (!active && !member.standby) {
      active = true
      best = undefined
    }
    if (!member.hasRoom(lane, task, usualMs)) continue
    const occupied = member.running.length > 0
    if (occupied && !urgent) continue
    // To travel together takes the first of them longer: only where one operation waits for each member.
    if (occupied && !member.duplex && lane.tasks.length < lane.members.length) continue
    const at = member.answerAt(task.work.kind, usualMs, now)
    if (best && !isBetter(member, at - now, best, bestAt - now)) continue
    best = member
    bestAt = at
  }
  return best
}

/** The member that will have nothing else to do first, if none is kept for other tasks already. */
export function firstToBeFree<W extends Work>(lane: Lane<W>, task: Task<W>, now: number): Member<W> | undefined {
  const able = lane.members.filter(member => isAble(member, task))
  const active = able.filter(({ standby }) => !standby)
  const [first] = (active.length > 0 ? active : able)
    .filter(({ reserved }) => reserved === undefined || reserved === lane)
    .sort((a, b) => a.priority - b.priority || a.freeAt(now) - b.freeAt(now))
  return first
}

/** Whether a member that is expected to answer after so long is to be preferred to another one. */
function isBetter<W extends Work>(one: Member<W>, ms: number, other: Member<W>, otherMs: number): boolean {
  if (one.priority !== other.priority) return one.priority < other.priority
  const isFree = one.running.length === 0
  if (!isFree && other.running.length > 0) return ms < otherMs
  const alike = Math.abs(ms - otherMs) < faster.ms || Math.min(ms, otherMs) > Math.max(ms, otherMs) * faster.ratio
  if (!alike) return ms < otherMs
  return isFree && (other.running.length > 0 || one.answeredAt < other.answeredAt)
}

/** It answers in time, as far as known, and does not have it already. */
function isAble<W extends Work>(member: Member<W>, { holders }: Task<W>): boolean {
  return !member.late && !holders.includes(member)
}
