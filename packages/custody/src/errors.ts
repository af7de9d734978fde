/**
 * What is wrong with something that was kept outside a token.
 *
 * - `NOT_A_SHARE_FILE` the bytes are no encrypted share of a DKEK
 * - `WRONG_PASSWORD_SHARE` a share of a password that cannot be one, or two that are the same or not of one set
 * - `TOO_FEW_PASSWORD_SHARES`
 * - `NOT_A_KEY_FILE` · `NOT_A_BACKUP` · `WRONG_PASSWORD` of a file · `DAMAGED` or altered · `NOT_SUPPORTED` a format or algorithm
 * - `WRONG_SHEET` what was typed in is not what was printed
 */
export type CustodyErrorCode =
  | 'NOT_A_SHARE_FILE'
  | 'WRONG_PASSWORD_SHARE'
  | 'TOO_FEW_PASSWORD_SHARES'
  | 'NOT_A_KEY_FILE'
  | 'NOT_A_BACKUP'
  | 'WRONG_PASSWORD'
  | 'DAMAGED'
  | 'NOT_SUPPORTED'
  | 'WRONG_SHEET'

export class CustodyError extends Error {
  override readonly name = 'CustodyError'
  readonly code: CustodyErrorCode

  constructor(code: CustodyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
