/** What waits, in lanes: the tasks of one lane can be done by the same members, so that only its oldest need be looked at. */
import type { Member } from './member.ts'
import { isBackground, type Line, type Task, type Work } from './task.ts'

export interface Lane<W extends Work> extends Line<W> {
  readonly background: boolean
  /** The member has to have nothing else to do. */
  readonly exclusive: boolean
  /** Those that can do it. */
  readonly members: readonly Member<W>[]
  /** Of each member, in their order, whether it can: 1 or 0. */
  readonly mask: string
}

/** Above this, those that are empty are dropped. */
const maxLanes = 1_000

export class Backlog<W extends Work> {
  readonly #lanes = new Map<string, Lane<W>>()
  #members: readonly Member<W>[] = []
  /** How many tasks wait. */
  length = 0

  /** Those that are there from now on. What waits is put into other lanes. */
  set members(members: readonly Member<W>[]) {
    const tasks = [...this.#lanes.values()].flatMap(lane => lane.tasks)
    this.#lanes.clear()
    this.#members = members
    this.length = 0
    for (const task of tasks.sort((a, b) => a.number - b.number)) this.add(task)
  }

  /** Those that have tasks: the one with the oldest first, background last. */
  lanes(): Lane<W>[] {
    const waiting: Lane<W>[] = []
    for (const lane of this.#lanes.values()) if (lane.tasks.length > 0) waiting.push(lane)
    return waiting.length < 2 ? waiting : waiting.sort(byAge)
  }

  /** The lane that the task belongs to. */
  lane(task: Task<W>): Lane<W> {
    const background = isBackground(task)
    const exclusive = !task.work.single
    let mask = ''
    for (const { id } of this.#members) mask += isAllowed(task, id) ? '1' : '0'
    const name = (background ? 'background ' : '') + (exclusive ? 'exclusive ' : '') + mask
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      const members = this.#members.filter(({ id }) => isAllowed(task, id))
      lane = { background, exclusive, tasks: [], members, mask, estimateMs: 0 }
      if (this.#lanes.size >= maxLanes) this.#dropEmpty()
      this.#lanes.set(name, lane)
    }
    return lane
  }

  /** Puts the task where its number belongs. */
  add(task: Task<W>, lane = this.lane(task)): void {
    const { tasks } = lane
    let index = tasks.length
    while (index > 0 && tasks[index - 1]!.number > task.number) index--
    tasks.splice(index, 0, task)
    lane.estimateMs += task.estimateMs
    task.line = lane
    this.length++
  }

  remove(task: Task<W>): void {
    const { line } = task
    if (line === undefined) return
    line.tasks.splice(line.tasks.indexOf(task), 1)
    line.estimateMs = line.tasks.length === 0 ? 0 : line.estimateMs - task.estimateMs
    task.line = undefined
    this.length--
  }

  /** What waits for the members of this lane: how much, and how long one of them would work on it. */
  ahead(lane: Lane<W>): { count: number; ms: number } {
    let count = 0
    let ms = 0
    for (const other of this.#lanes.values()) {
      if (other.background !== lane.background || other.tasks.length === 0) continue
      const share = other === lane ? 1 : common(lane, other) / other.members.length
      count += other.tasks.length * share
      ms += other.estimateMs * share
    }
    return { count, ms }
  }

  #dropEmpty(): void {
    for (const [name, { tasks }] of this.#lanes) if (tasks.length === 0) this.#lanes.delete(name)
  }
}

function isAllowed<W extends Work>({ work, refusals }: Task<W>, id: string): boolean {
  return (work.on === undefined || work.on.has(id)) && !refusals.has(id)
}

/** How many members can do what is in either lane. */
function common<W extends Work>(one: Lane<W>, other: Lane<W>): number {
  let count = 0
  for (let i = 0; i < one.mask.length; i++) if (one.mask[i] === '1' && other.mask[i] === '1') count++
  return count
}

function byAge<W extends Work>(a: Lane<W>, b: Lane<W>): number {
  if (a.background !== b.background) return a.background ? 1 : -1
  return a.tasks[0]!.number - b.tasks[0]!.number
}
