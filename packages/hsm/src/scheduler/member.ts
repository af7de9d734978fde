/** A device as the scheduler sees it: what it has to do, how much it can take, and when it is expected to answer. */
import type { Speed } from './speed.ts'
import type { Holder, Line, Task, Work } from './task.ts'

/** A member has been given a task. */
export interface Attempt<W extends Work> {
  readonly task: Task<W>
  readonly member: Member<W>
  readonly startedAt: number
  /** When its answer is expected, and when it is so late that something is wrong. */
  readonly expectedAt: number
  readonly lateAt: number
  /** What the chip is expected to take. */
  readonly chipMs: number
}

export interface MemberOptions {
  readonly id: string
  readonly speed: Speed
  /** See `Channel.duplex`. */
  readonly duplex: boolean
  /** Members of the lowest number are given work first. */
  readonly priority?: number | undefined
  /** Only given what no other member can do. */
  readonly standby?: boolean | undefined
}

/** Of a kind that nobody has done yet. */
export const unknownMs = 150
/** However fast a chip is beside its link; two, as long as only both together are known. */
const widestWindow = 16
/** A second command in a template pays where the way there and back is at least this part of what the chip takes. */
const worthwhile = 1 / 8
/** An answer is late when it takes so many times as long as expected, and this much. */
const lateFactor = 4
const lateMs = 1_000
const lateUnknownMs = 10_000

export class Member<W extends Work> implements Holder {
  readonly id: string
  readonly speed: Speed
  readonly duplex: boolean
  readonly priority: number
  readonly standby: boolean
  /** In the order in which they were given to it. */
  readonly running: Attempt<W>[] = []
  /** Of these it does the next one, as soon as it has nothing else to do. */
  reserved: Line<W> | undefined
  /** It owes an answer for too long, and is given nothing until it answers. */
  late = false
  /** It is given nothing more. */
  leaving = false
  /** A template is on its way: what is given now waits until it is back. */
  #sealed = false
  /** Answered in the template that is on its way. */
  #batch: Attempt<W>[] = []
  /** When it last answered. */
  answeredAt = Number.NEGATIVE_INFINITY

  constructor({ id, speed, duplex, priority = 0, standby = false }: MemberOptions) {
    this.id = id
    this.speed = speed
    this.duplex = duplex
    this.priority = priority
    this.standby = standby
  }

  /** What the chip is expected to take. @param usualMs what it takes others */
  chipMs(kind: string, usualMs: number | undefined): number {
    return this.speed.chipMs(kind) ?? usualMs ?? unknownMs
  }

  /**
   * How many operations of this kind it may have at once: as many as keep its chip busy while answers and commands travel, or
   * where they travel together, two, so that none waits there for more than one other.
   */
  window(kind: string, usualMs: number | undefined): number {
    const chip = this.speed.chipMs(kind) ?? usualMs
    const { linkMs } = this.speed
    if (chip === undefined) return 1
    if (!this.duplex) return linkMs >= chip * worthwhile ? 2 : 1
    const widest = this.speed.isPure(kind) ? widestWindow : 2
    return Math.min(widest, 1 + Math.ceil(linkMs / Math.max(chip, 0.01)))
  }

  /** Whether it takes a task of the line now, beside what it has. */
  hasRoom(line: Line<W>, { work }: Task<W>, usualMs: number | undefined): boolean {
    if (this.leaving || this.late) return false
    if (this.reserved !== undefined && this.reserved !== line) return false
    if (this.running.length === 0) return true
    if (this.#sealed || !work.single || !this.running[0]!.task.work.single) return false
    return this.running.length < this.window(work.kind, usualMs)
  }

  /** When its chip has done all that it has been given. */
  freeAt(now: number): number {
    const half = this.speed.linkMs / 2
    let at = this.answeredAt - half
    for (const { startedAt, chipMs } of this.running) at = Math.max(at, startedAt + half) + chipMs
    const [first] = this.running
    // The later an answer is, the less is known about when it comes.
    return first && now > first.expectedAt ? Math.max(at, now) + (now - first.expectedAt) : at
  }

  /** When it would answer what it were given now. */
  answerAt(kind: string, usualMs: number | undefined, now: number): number {
    const half = this.speed.linkMs / 2
    return Math.max(this.freeAt(now), now + half) + this.chipMs(kind, usualMs) + half
  }

  start(task: Task<W>, now: number, usualMs: number | undefined): Attempt<W> {
    const { kind } = task.work
    const chipMs = this.chipMs(kind, usualMs)
    const expectedAt = this.answerAt(kind, usualMs, now)
    const patience = (this.speed.chipMs(kind) ?? usualMs) === undefined ? lateUnknownMs : lateMs + lateFactor * chipMs
    const attempt = { task, member: this, startedAt: now, expectedAt, lateAt: expectedAt + patience, chipMs }
    this.running.push(attempt)
    return attempt
  }

  /** What it was given in one turn travels together, where only one template does at a time. */
  seal(): void {
    if (!this.duplex && this.running.length > 0) this.#sealed = true
  }

  /**
   * It has answered.
   *
   * @param learn whether the time that it took says something about it
   * @returns how long the operation kept it busy
   */
  end(attempt: Attempt<W>, now: number, learn: boolean): number {
    const index = this.running.indexOf(attempt)
    this.running.splice(index, 1)
    this.late = false
    const busyMs = now - Math.max(attempt.startedAt, this.answeredAt)
    if (this.duplex && learn && index === 0) {
      this.speed.learn(attempt.task.work.kind, attempt.startedAt, now, this.answeredAt)
    }
    this.answeredAt = now
    if (this.duplex) return busyMs
    return this.#endBatch(attempt, now, learn)
  }

  /** There will be no answer. */
  drop(attempt: Attempt<W>): void {
    this.running.splice(this.running.indexOf(attempt), 1)
  }

  #endBatch(attempt: Attempt<W>, now: number, learn: boolean): number {
    this.#batch.push(attempt)
    const size = this.#batch.length + this.running.length
    if (this.running.length === 0) {
      const kinds = this.#batch.map(({ task }) => task.work.kind)
      if (learn) this.speed.learnBatch(kinds, now - attempt.startedAt)
      this.#batch = []
      this.#sealed = false
    }
    return (now - attempt.startedAt) / size
  }
}
