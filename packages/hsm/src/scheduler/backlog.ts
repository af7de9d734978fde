/** What waits, in lanes: the tasks of one lane can be done by the same members, so that only its oldest need be looked at. */
import type { Member } from './member.ts'
import { isBackground, type Task, type Work } from './task.ts'

export interface Lane<W extends Work> {
  readonly background: boolean
  /** The member has to have nothing else to do. */
  readonly exclusive: boolean
  /** By their numbers. */
  readonly tasks: Task<W>[]
  /** Those that can do it. */
  members: readonly Member<W>[]
  /** The sum of what the tasks are reckoned to take. */
  estimateMs: number
  allows(id: string): boolean
}

/** Above this, those that are empty are dropped. */
const maxLanes = 1_000

export class Backlog<W extends Work> {
  readonly #lanes = new Map<string, Lane<W>>()
  readonly #names = new WeakMap<ReadonlySet<string>, string>()
  #members: readonly Member<W>[] = []
  /** How many tasks wait. */
  length = 0

  /** Those that are there from now on. */
  set members(members: readonly Member<W>[]) {
    this.#members = members
    for (const [name, lane] of this.#lanes) {
      if (lane.tasks.length === 0) this.#lanes.delete(name)
      else lane.members = this.#able(lane)
    }
  }

  /** Those that have tasks: the one with the oldest first, background last. */
  lanes(): Lane<W>[] {
    const waiting: Lane<W>[] = []
    for (const lane of this.#lanes.values()) if (lane.tasks.length > 0) waiting.push(lane)
    return waiting.length < 2 ? waiting : waiting.sort(byAge)
  }

  /** The lane that the task belongs to. */
  lane(task: Task<W>): Lane<W> {
    const { work, refusals } = task
    const name = `${isBackground(task)} ${work.single} ${this.#name(work.on)}${refusals.size > 0 ? ` ${[...refusals].sort()}` : ''}`
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = {
        background: isBackground(task),
        exclusive: !work.single,
        tasks: [],
        members: [],
        estimateMs: 0,
        allows: id => (work.on === undefined || work.on.has(id)) && !refusals.has(id),
      }
      lane.members = this.#able(lane)
      if (this.#lanes.size >= maxLanes) this.members = this.#members
      this.#lanes.set(name, lane)
    }
    return lane
  }

  /** Puts the task where its number belongs. */
  add(task: Task<W>): void {
    const lane = this.lane(task)
    const { tasks } = lane
    let index = tasks.length
    while (index > 0 && tasks[index - 1]!.number > task.number) index--
    tasks.splice(index, 0, task)
    lane.estimateMs += task.estimateMs
    task.waiting = true
    this.length++
  }

  remove(task: Task<W>): void {
    if (!task.waiting) return
    const lane = this.lane(task)
    lane.tasks.splice(lane.tasks.indexOf(task), 1)
    lane.estimateMs = lane.tasks.length === 0 ? 0 : lane.estimateMs - task.estimateMs
    task.waiting = false
    this.length--
  }

  /** What waits for the members of this lane: how much, and how long one of them would work on it. */
  ahead(lane: Lane<W>): { count: number; ms: number } {
    let count = 0
    let ms = 0
    for (const other of this.#lanes.values()) {
      if (other.background !== lane.background || other.tasks.length === 0) continue
      const share = other === lane ? 1 : other.members.filter(({ id }) => lane.allows(id)).length / other.members.length
      count += other.tasks.length * share
      ms += other.estimateMs * share
    }
    return { count, ms }
  }

  #able({ allows }: Pick<Lane<W>, 'allows'>): Member<W>[] {
    return this.#members.filter(({ id }) => allows(id))
  }

  #name(on: ReadonlySet<string> | undefined): string {
    if (on === undefined) return '*'
    let name = this.#names.get(on)
    if (name === undefined) {
      name = [...on].sort().join(' ')
      this.#names.set(on, name)
    }
    return name
  }
}

function byAge<W extends Work>(a: Lane<W>, b: Lane<W>): number {
  if (a.background !== b.background) return a.background ? 1 : -1
  return a.tasks[0]!.number - b.tasks[0]!.number
}
