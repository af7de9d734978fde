/** What a client throws when the service answered, and it was no success. */
import type { ProblemCode } from '../problems.ts'
import type { Problem } from '../values.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** `NOT_A_SERVICE`: the answer is none of this API; something else is at the address, or on the way. */
  readonly code: ProblemCode | 'NOT_A_SERVICE'
  readonly status: number
  readonly problem: Problem | undefined
  /** When the service says that asking again may help. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, problem: Problem | undefined, retryAfterMs?: number) {
    super(problem?.detail ?? `wanted an answer of the service's API, got HTTP ${status}: is it the right URL?`)
    this.code = (problem?.code as ProblemCode | undefined) ?? 'NOT_A_SERVICE'
    this.status = status
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }
}
