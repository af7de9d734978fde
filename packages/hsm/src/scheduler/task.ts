/** An operation on its way through the scheduler. */
import type { HsmError } from '../errors.ts'
import type { Operation } from './operation.ts'

/** What the scheduler knows of an operation. */
export type Work = Omit<Operation<unknown>, 'run'>

/** Where tasks wait. */
export interface Line<W extends Work> {
  /** By their numbers. */
  readonly tasks: Task<W>[]
  /** The sum of what they are reckoned to take. */
  estimateMs: number
}

/** A member that has been given a task. */
export interface Holder {
  readonly id: string
  readonly late: boolean
  readonly leaving: boolean
}

export interface Task<W extends Work> {
  readonly work: W
  /** In the order of arrival; kept by what has to be done again. */
  readonly number: number
  readonly arrivedAt: number
  /** What it is reckoned to keep a member busy, while it waits. */
  estimateMs: number
  /** Those that have not ended it; several if one is late. */
  readonly holders: Holder[]
  /** How often it was given to a member. */
  tries: number
  /** Members that refused it, and the reason of the last one. */
  refusals: ReadonlySet<string>
  refusal: HsmError | undefined
  /** Where it waits. */
  line: Line<W> | undefined
  /** Answered, failed or withdrawn. */
  settled: boolean
}

export function isBackground({ work }: Task<Work>): boolean {
  return work.priority === 'background'
}
