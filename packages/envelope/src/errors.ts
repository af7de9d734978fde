/**
 * Why an envelope is not opened.
 *
 * - `WRONG_KEY` what was unwrapped is not the data key of this header: another key, or the header was changed
 * - `NOT_AUTHENTIC` the payload or the associated data are not what was encrypted
 * - `CUT_SHORT` the end is missing
 */
export type EnvelopeErrorCode = 'WRONG_KEY' | 'NOT_AUTHENTIC' | 'CUT_SHORT'

export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  readonly code: EnvelopeErrorCode

  constructor(code: EnvelopeErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
