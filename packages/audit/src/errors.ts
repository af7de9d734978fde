/**
 * What is not of the form it should have.
 *
 * - `NOT_A_NOTE` no signed note · `NOT_A_CHECKPOINT` a note, but not about a log · `NOT_A_KEY` no public key for notes
 */
export type AuditErrorCode = 'NOT_A_NOTE' | 'NOT_A_CHECKPOINT' | 'NOT_A_KEY'

export class AuditError extends Error {
  override readonly name = 'AuditError'
  readonly code: AuditErrorCode

  constructor(code: AuditErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
