/** Whether the keys signed checkpoints, and whether those are over the records that are there. */
import { toBase64 } from './base64.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { AuditError } from './errors.ts'
import type { Fault, Report } from './findings.ts'
import { type NoteKey, verifyNote } from './note-key.ts'
import { type RecordVerifier, recordsAre } from './verify-records.ts'

/** A checkpoint that at least one of the keys signed. */
export interface SignedCheckpoint extends Checkpoint {
  readonly signedBy: readonly NoteKey[]
}

/** @param note a checkpoint of the log of this origin, or what is given as one */
export function readCheckpoint(note: string, origin: string, keys: readonly NoteKey[]): SignedCheckpoint | Fault {
  try {
    const { note: parsed, ...checkpoint } = parseCheckpoint(note)
    const { signedBy, forged } = verifyNote(parsed, keys)
    const it = `the checkpoint of ${checkpoint.size} records`
    if (forged.length > 0) return { code: 'FORGED', message: `${it} is not what its key signed` }
    if (signedBy.length === 0) return { code: 'FORGED', message: `${it} is signed by none of the keys` }
    if (checkpoint.origin !== origin) {
      return { code: 'FOREIGN', message: `${it} is of another log: ${JSON.stringify(checkpoint.origin)}` }
    }
    return { ...checkpoint, signedBy }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    return { code: 'FORGED', message: `a checkpoint is none: ${error.message}` }
  }
}

/** Compares checkpoints with the records that were read. */
export class CheckpointVerifier {
  readonly #records: RecordVerifier
  readonly #report: Report
  /** Up to here, records are those that were signed. */
  #vouched: number
  /** For how many records each key has vouched. */
  readonly signedBy = new Map<NoteKey, number>()

  constructor(records: RecordVerifier, report: Report) {
    this.#records = records
    this.#report = report
    this.#vouched = records.next
  }

  /** @param checkpoint over as many records as have been read */
  compare({ size, root, signedBy }: SignedCheckpoint): void {
    const found = this.#records.root()
    // What was wrong has been said, and each checkpoint from there on would only say it again.
    if (found === undefined) return
    if (toBase64(found) === toBase64(root)) {
      this.#vouched = size
      for (const key of signedBy) this.signedBy.set(key, size)
      return
    }
    const last = Math.max(0, size - 1)
    const first = Math.min(this.#vouched, last)
    this.#report({
      code: 'REWRITTEN',
      message: `${recordsAre(first, last)} not what was signed, or what is before is not`,
      records: [first, last],
    })
    this.#records.distrust()
  }
}
