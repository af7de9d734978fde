/**
 * Who of a group does what, and when. Members that are free pull the oldest operation that they can do; where several are, it
 * goes to the one that is expected to answer first. It asks the time and does nothing else by itself: it is told what
 * happens, and tells what to start and what has failed.
 */
import { HsmError } from '../errors.ts'
import { Backlog, type Lane } from './backlog.ts'
import { firstToBeFree, quickest } from './choice.ts'
import type { Clock } from './clock.ts'
import { type Attempt, Member, type MemberOptions, unknownMs } from './member.ts'
import { mixed } from './speed.ts'
import { isBackground, type Task, type Work } from './task.ts'

export interface SchedulerOptions<W extends Work> {
  readonly clock: Clock
  /** How many operations may wait for each member. */
  readonly limit: number
  start(work: W, attempt: Attempt<W>): void
  /** The work will not be done, for this reason. */
  fail(work: W, error: HsmError): void
}

/** What is expected to wait for longer is refused. */
const longestWaitMs = 10_000
/** Members that are lost or late with an operation, at most; it may be what takes them down. */
const maxTries = 4
/** Background work that has waited so long takes its turn, one at a time. */
const backgroundPatienceMs = 10_000
/** How often it is looked for what is late, while there is work. */
const lookMs = 250

const none: ReadonlySet<string> = new Set()

export class Scheduler<W extends Work> {
  readonly #options: SchedulerOptions<W>
  readonly #backlog = new Backlog<W>()
  readonly #members = new Map<string, Member<W>>()
  /** They end what they have, and are given nothing more. */
  readonly #leaving = new Set<Member<W>>()
  /** For how long a kind of operation keeps a member busy, over all members. */
  readonly #usual = new Map<string, number>()
  #arrived = 0
  #running = 0
  #backgroundRunning = 0
  #looking = false
  #idle: (() => void)[] = []

  constructor(options: SchedulerOptions<W>) {
    this.#options = options
  }

  /** How many operations wait. */
  get waiting(): number {
    return this.#backlog.length
  }

  /** For how long this kind of work keeps a member busy; undefined if nobody has done it. */
  usualMs(kind: string): number | undefined {
    return this.#usual.get(kind)
  }

  /**
   * After how long work of this kind is expected to be answered; none where somebody has nothing else to do, infinite where
   * nobody does it.
   *
   * @param elsewhereMs how long it takes elsewhere, for members that have not done it
   */
  expectedMs(kind: string, elsewhereMs: number | undefined): number {
    const now = this.#options.clock.now()
    const usualMs = this.#usual.get(kind) ?? elsewhereMs
    let least = Number.POSITIVE_INFINITY
    for (const member of this.#members.values()) {
      if (member.late) continue
      if (member.running.length === 0 && this.#backlog.length === 0) return 0
      least = Math.min(least, member.answerAt(kind, usualMs, now) - now)
    }
    return least + (this.#backlog.length * (usualMs ?? unknownMs)) / this.#members.size
  }

  /** The device is there, in place of an earlier member of this id. */
  join(options: MemberOptions): void {
    const former = this.#members.get(options.id)
    if (former) this.#remove(former)
    this.#members.set(options.id, new Member<W>(options))
    this.#changed()
    for (const member of this.#all()) if (member.late) this.#giveToOthers(member)
    this.#dispatch()
  }

  /** The device ends what it has, and what waits and no other can do; it is given nothing more. */
  retire(id: string): void {
    const member = this.#members.get(id)
    if (member === undefined) return
    member.leaving = true
    const now = this.#options.clock.now()
    for (const { members, tasks } of this.#backlog.lanes()) {
      if (members.every(other => other === member)) for (const task of [...tasks]) this.#start(member, task, now)
    }
    this.#remove(member)
    this.#changed()
    this.#dispatch()
  }

  /** The device is gone, and so are its answers: what is safe to repeat is done by others, before what came later. */
  lose(id: string, reason: string): void {
    const lost = [...this.#leaving].filter(member => member.id === id)
    const member = this.#members.get(id)
    if (member) {
      this.#remove(member)
      lost.push(member)
    }
    for (const one of lost) this.#leaving.delete(one)
    this.#changed()
    for (const attempt of lost.flatMap(one => one.running.splice(0))) this.#lost(attempt, reason)
    this.#dispatch()
  }

  /**
   * Takes work in, and starts it as soon as its turn comes.
   *
   * @throws HsmError NO_DEVICE if no member can ever do it as things are; BUSY if it would have to wait too long
   */
  submit(work: W): Task<W> {
    const now = this.#options.clock.now()
    const task: Task<W> = {
      work,
      number: this.#arrived++,
      arrivedAt: now,
      estimateMs: this.#usual.get(work.kind) ?? unknownMs,
      holders: [],
      tries: 0,
      refusals: none,
      refusal: undefined,
      line: undefined,
      settled: false,
    }
    const lane = this.#backlog.lane(task)
    if (lane.members.length === 0) throw noDevice()
    if (this.#backlog.length > 0) this.#admit(lane, task)
    this.#backlog.add(task, lane)
    this.#dispatch()
    return task
  }

  /** Nobody waits for it any more. A member that has been given it ends it. */
  withdraw(task: Task<W>): void {
    if (task.settled) return
    this.#settle(task)
    this.#dispatch()
  }

  /**
   * The member has answered.
   *
   * @param learn whether the time that it took tells how long this kind takes
   * @returns whether this is the answer: not if it was withdrawn, or another member came first
   */
  answered(attempt: Attempt<W>, learn = true): boolean {
    if (!this.#end(attempt, learn)) return false
    const counts = !attempt.task.settled
    this.#settle(attempt.task)
    this.#dispatch()
    return counts
  }

  /** The member is well, but does not do this: others may. */
  refused(attempt: Attempt<W>, error: HsmError): void {
    if (!this.#end(attempt, false)) return
    const { task, member } = attempt
    if (!task.settled) {
      const waited = task.line !== undefined
      this.#backlog.remove(task)
      task.refusals = new Set([...task.refusals, member.id])
      task.refusal = error
      if (task.holders.length === 0 || waited) this.#again(task)
    }
    this.#dispatch()
  }

  /** The device was gone before it answered this. */
  lost(attempt: Attempt<W>, reason: string): void {
    if (!attempt.member.running.includes(attempt)) return
    attempt.member.drop(attempt)
    this.#lost(attempt, reason)
    this.#dispatch()
  }

  /** Resolves when nothing waits or runs. */
  idle(): Promise<void> {
    if (this.#running === 0 && this.#backlog.length === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  #all(): Member<W>[] {
    return [...this.#members.values(), ...this.#leaving]
  }

  #admit(lane: Lane<W>, { work, estimateMs }: Task<W>): void {
    const well = lane.members.filter(({ late }) => !late)
    const workers = well.filter(({ standby }) => !standby).length || well.length || 1
    const { count, ms } = this.#backlog.ahead(lane)
    const waitMs = ms / workers
    const known = this.#usual.has(work.kind)
    const tooLong = known && !lane.background && waitMs > longestWaitMs
    if (count < this.#options.limit * workers && !tooLong) return
    const retryAfterMs = Math.ceil(Math.max(waitMs - longestWaitMs, estimateMs / workers))
    const waits = `${this.#backlog.length} operations are waiting already`
    throw new HsmError('BUSY', `${waits}, try again in ${retryAfterMs} ms`, { retryAfterMs })
  }

  #remove(member: Member<W>): void {
    member.leaving = true
    member.reserved = undefined
    this.#members.delete(member.id)
    if (member.running.length > 0) this.#leaving.add(member)
  }

  /** Others can do the work now than before. */
  #changed(): void {
    for (const member of this.#members.values()) member.reserved = undefined
    this.#backlog.members = [...this.#members.values()]
    for (const lane of this.#backlog.lanes()) {
      if (lane.members.length > 0) continue
      for (const task of [...lane.tasks]) {
        this.#backlog.remove(task)
        if (task.holders.length === 0) this.#fail(task, task.refusal ?? noDevice())
      }
    }
  }

  #lost(attempt: Attempt<W>, reason: string): void {
    const { task, member } = attempt
    task.holders.splice(task.holders.indexOf(member), 1)
    this.#running--
    if (isBackground(task)) this.#backgroundRunning--
    if (task.settled || task.line || task.holders.length > 0) return
    if (task.work.repeatable) this.#again(task)
    else {
      const unknown = `${member.id} was lost before it answered (${reason}): it may have been done, look before you repeat it`
      this.#fail(task, new HsmError('OUTCOME_UNKNOWN', unknown))
    }
  }

  #again(task: Task<W>): void {
    if (task.tries >= maxTries) this.#fail(task, task.refusal ?? noDevice())
    else if (this.#backlog.lane(task).members.length === 0) this.#fail(task, task.refusal ?? noDevice())
    else this.#backlog.add(task)
  }

  #fail(task: Task<W>, error: HsmError): void {
    this.#settle(task)
    this.#options.fail(task.work, error)
  }

  #settle(task: Task<W>): void {
    task.settled = true
    this.#backlog.remove(task)
    this.#release(task)
  }

  /** No member is kept for it or what comes after it any more. */
  #release(task: Task<W>): void {
    if (task.work.single) return
    const lane = this.#backlog.lane(task)
    for (const member of this.#members.values()) if (member.reserved === lane) member.reserved = undefined
  }

  /** @returns whether it had not ended before */
  #end(attempt: Attempt<W>, learn: boolean): boolean {
    const { task, member } = attempt
    if (!member.running.includes(attempt)) return false
    task.holders.splice(task.holders.indexOf(member), 1)
    this.#running--
    if (isBackground(task)) this.#backgroundRunning--
    const busyMs = member.end(attempt, this.#options.clock.now(), learn)
    const { kind } = task.work
    if (learn) this.#usual.set(kind, mixed(this.#usual.get(kind), busyMs))
    if (member.running.length === 0) this.#leaving.delete(member)
    return true
  }

  /** Starts all that can be started. */
  #dispatch(): void {
    const now = this.#options.clock.now()
    const together: Member<W>[] = []
    for (let placed = true; placed && this.#backlog.length > 0; ) {
      placed = false
      for (const lane of this.#lanes(now)) {
        const task = lane.tasks[0]!
        const member = this.#memberFor(lane, task, now)
        if (member === undefined) continue
        this.#start(member, task, now)
        if (!member.duplex) together.push(member)
        placed = true
        break
      }
    }
    for (const member of together) member.seal()
    if (this.#running > 0 || this.#backlog.length > 0) this.#lookLater()
    else for (const resolve of this.#idle.splice(0)) resolve()
  }

  #lanes(now: number): Lane<W>[] {
    const lanes = this.#backlog.lanes()
    const aged = lanes.findIndex(lane => this.#aged(lane, now))
    if (aged > 0) lanes.unshift(...lanes.splice(aged, 1))
    return lanes
  }

  #aged(lane: Lane<W>, now: number): boolean {
    return lane.background && this.#backgroundRunning === 0 && now - lane.tasks[0]!.arrivedAt >= backgroundPatienceMs
  }

  /** The member that takes the task now, if one does. */
  #memberFor(lane: Lane<W>, task: Task<W>, now: number): Member<W> | undefined {
    const usualMs = this.#usual.get(task.work.kind)
    const urgent = !lane.background || this.#aged(lane, now)
    const member = quickest(lane, task, { now, usualMs, urgent })
    if (member === undefined && lane.exclusive && urgent) this.#reserve(lane, task, now)
    return member
  }

  /** The member that will be free first is given nothing else, so that what needs it for itself has its turn. */
  #reserve(lane: Lane<W>, task: Task<W>, now: number): void {
    const first = firstToBeFree(lane, task, now)
    this.#release(task)
    if (first) first.reserved = lane
  }

  #start(member: Member<W>, task: Task<W>, now: number): void {
    this.#backlog.remove(task)
    this.#release(task)
    const attempt = member.start(task, now, this.#usual.get(task.work.kind))
    task.holders.push(member)
    task.tries++
    this.#running++
    if (isBackground(task)) this.#backgroundRunning++
    this.#options.start(task.work, attempt)
  }

  #lookLater(): void {
    if (this.#looking) return
    this.#looking = true
    this.#options.clock.after(lookMs, () => {
      this.#looking = false
      const now = this.#options.clock.now()
      for (const member of this.#all()) {
        const [first] = member.running
        if (first === undefined || member.late || now < first.lateAt) continue
        member.late = true
        member.reserved = undefined
        this.#giveToOthers(member)
      }
      this.#dispatch()
    })
  }

  /** What a member owes for too long is asked of another one as well, if there is one: the first answer counts. */
  #giveToOthers(member: Member<W>): void {
    for (const { task } of member.running) {
      if (task.settled || task.line || !task.work.repeatable || task.tries >= maxTries) continue
      if (task.holders.some(({ late, leaving }) => !late && !leaving)) continue
      const others = this.#backlog.lane(task).members.filter(other => other !== member && !other.late)
      if (others.length > 0) this.#backlog.add(task)
    }
  }
}

function noDevice(): HsmError {
  return new HsmError('NO_DEVICE', 'no member of the group that can do it is ready, try again')
}
