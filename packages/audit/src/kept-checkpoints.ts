/** Checkpoints that were kept elsewhere: whoever has one notices when the log is another one, or shorter, than it was. */
import type { Finding } from './findings.ts'
import type { NoteKey } from './note-key.ts'
import { readCheckpoint, type SignedCheckpoint } from './verify-checkpoints.ts'
import { type RecordVerifier, recordsAre } from './verify-records.ts'

export interface KeptNote {
  /** What findings call it. */
  readonly file: string
  /** A checkpoint with its signatures. */
  readonly note: string
}

export class KeptCheckpoints {
  /** Those that are still to come, the smallest first. */
  readonly #waiting: { readonly file: string; readonly checkpoint: SignedCheckpoint }[] = []

  /** @param from how many records there are before the first one that is read */
  constructor(
    notes: readonly KeptNote[],
    { origin, keys, from }: { readonly origin: string; readonly keys: readonly NoteKey[]; readonly from: number },
    add: (finding: Finding) => void,
  ) {
    for (const { file, note } of notes) {
      const checkpoint = readCheckpoint(note, origin, keys)
      if ('code' in checkpoint) {
        add({ ...checkpoint, file, line: 1 })
      } else if (checkpoint.size < from) {
        const message = `${recordsAre(checkpoint.size, from - 1)} not in the export, so nothing shows that it is the same log`
        add({ code: 'MISSING', message, file, line: 1, records: [checkpoint.size, from - 1] })
      } else {
        this.#waiting.push({ file, checkpoint })
      }
    }
    this.#waiting.sort((one, other) => one.checkpoint.size - other.checkpoint.size)
  }

  /** Those over as many records as have been read. */
  *due({ next }: RecordVerifier): Generator<SignedCheckpoint> {
    while (this.#waiting[0]?.checkpoint.size === next) yield this.#waiting.shift()!.checkpoint
  }

  /** What there is to say when no more records come. */
  left({ next }: RecordVerifier): Finding[] {
    return this.#waiting.map(({ file, checkpoint: { size } }) => ({
      code: 'CUT_SHORT',
      message: `the log had ${size} records when this was signed; the export ends after ${next}`,
      file,
      line: 1,
      records: [next, size - 1],
    }))
  }
}
