/**
 * Why an emulated card cannot be opened: `IN_USE` another process has it, `KEY` the key of its state is missing or another
 * one, `DAMAGED` what is stored is not what was written.
 */
export type EmulatorErrorCode = 'IN_USE' | 'KEY' | 'DAMAGED'

/** The stored state of an emulated card cannot be used. It is left as it is. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError'
  readonly code: EmulatorErrorCode

  constructor(code: EmulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
