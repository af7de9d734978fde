/**
 * What can be wrong with bytes from the other side.
 *
 * - `TRUNCATED` fewer bytes than the format needs · `LEFTOVER` bytes after the end · `TAG` a tag that is not allowed here
 * - `LENGTH` a length that is malformed, out of range or not in its shortest form · `VALUE` a value outside its set
 * - `MISSING` a mandatory field is absent · `DUPLICATE` a field occurs twice
 */
export type DecodeErrorCode = 'TRUNCATED' | 'LEFTOVER' | 'TAG' | 'LENGTH' | 'VALUE' | 'MISSING' | 'DUPLICATE'

/** The peer sent bytes that do not follow the format. The fault is the peer's; `offset` is where, in bytes. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeErrorCode
  readonly offset: number

  constructor(code: DecodeErrorCode, message: string, offset: number) {
    super(`${message} (at byte ${offset})`)
    this.code = code
    this.offset = offset
  }
}
