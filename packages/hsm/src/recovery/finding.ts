/** What a step of a drill has seen. */

/**
 * - `incomplete` what there is, is in order; something that one may expect is not there
 * - `skipped` it could not be looked at
 */
type Outcome = 'ok' | 'incomplete' | 'failed' | 'skipped'

export interface Finding {
  readonly outcome: Outcome
  /** What was seen, for people. */
  readonly words: string
  /** What is wrong or missing, one by one. */
  readonly details?: readonly string[]
}
