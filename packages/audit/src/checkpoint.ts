/**
 * What a log has come to: how many records there are, and the root of the tree over them, in a note that keys sign.
 *
 * @see C2SP, tlog-checkpoint
 * @module
 */
import { fromBase64, toBase64 } from './base64.ts'
import { AuditError } from './errors.ts'
import { isKeyName, type Note, parseNote } from './note.ts'
import { hashSize } from './tree.ts'

export interface Checkpoint {
  /** Which log: a name without spaces and plus, which no other log has. */
  readonly origin: string
  readonly size: number
  /** Of the tree over so many records. */
  readonly root: Uint8Array
}

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin))
    throw new RangeError(`wanted an origin without spaces and plus, got ${JSON.stringify(origin)}`)
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/**
 * Its signatures are not verified here.
 *
 * @param note with signatures
 * @throws AuditError `NOT_A_NOTE`, `NOT_A_CHECKPOINT`
 */
export function parseCheckpoint(note: string): Checkpoint & { readonly note: Note } {
  const parsed = parseNote(note)
  const [origin = '', written = '', base64 = '', ...more] = parsed.text.split('\n')
  const size = /^(0|[1-9]\d{0,15})$/.test(written) ? Number(written) : Number.NaN
  const root = fromBase64(base64)
  // Others may have more lines; what they mean would not be known here, and ours have none.
  const ended = more.length === 1 && more[0] === ''
  if (!isKeyName(origin) || !Number.isSafeInteger(size) || root?.length !== hashSize || !ended) {
    throw new AuditError('NOT_A_CHECKPOINT', 'wanted a note of three lines: origin, size, and root in base64')
  }
  return { origin, size, root, note: parsed }
}
