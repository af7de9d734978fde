/** An operation on its way through the scheduler. */
import type { HsmError } from '../errors.ts'
import type { Lane } from './backlog.ts'
import type { Member } from './member.ts'
import type { Operation } from './operation.ts'

/** What the scheduler knows of an operation. */
export type Work = Omit<Operation<unknown>, 'run'>

/** One member has been given the task. */
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

export interface Task<W extends Work> {
  readonly work: W
  /** In the order of arrival; kept by what has to be done again. */
  readonly number: number
  readonly arrivedAt: number
  /** What it is reckoned to keep a member busy, while it waits. */
  estimateMs: number
  /** Those that have not ended; several if one is late. */
  readonly attempts: Attempt<W>[]
  /** How often it was given to a member. */
  tries: number
  /** Members that refused it, and the reason of the last one. */
  refusals: ReadonlySet<string>
  refusal: HsmError | undefined
  /** Where it waits. */
  lane: Lane<W> | undefined
  /** Answered, failed or withdrawn. */
  settled: boolean
}

export function isBackground({ work }: Task<Work>): boolean {
  return work.priority === 'background'
}
