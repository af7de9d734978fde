/**
 * Whether exports are what was recorded: each record follows the one before, and the checkpoints that the keys signed are over just
 * these records. Of what was read, only the hash of the last record and those of some subtrees are kept.
 *
 * @module
 */
import { DecodeError, decode } from '@keytether/codec'
import { eachLine } from './each-line.ts'
import { AuditError } from './errors.ts'
import { ExportedCheckpoint, ExportHeader, readHead } from './export.ts'
import { type Fault, type Finding, Findings } from './findings.ts'
import { KeptCheckpoints, type KeptNote } from './kept-checkpoints.ts'
import { type NoteKey, parseNoteKey } from './note-key.ts'
import { CheckpointVerifier, readCheckpoint, type SignedCheckpoint } from './verify-checkpoints.ts'
import { RecordVerifier, recordsAre } from './verify-records.ts'

export interface VerifyOptions {
  /** Whose signatures count. Default those that the first export names: whoever made that up has made up its keys, too. */
  readonly keys?: readonly NoteKey[] | undefined
  /** Checkpoints that were kept elsewhere, signed notes: the log must still be the one that they are of. */
  readonly kept?: readonly KeptNote[] | undefined
}

export interface Verification {
  /** Absent if nothing could be read. */
  readonly origin: string | undefined
  readonly tenant: string | null | undefined
  /** The number of the first record, and of the one that would come next. */
  readonly from: number
  readonly size: number
  /** When the first and the last record were written. */
  readonly firstAt: string | undefined
  readonly lastAt: string | undefined
  /** For how many records, from the beginning of the log, each key has vouched. */
  readonly signedBy: readonly { readonly key: NoteKey; readonly size: number }[]
  /** None: all of it is what was recorded and signed. At most 100. */
  readonly findings: readonly Finding[]
  /** How many there were. */
  readonly found: number
}

interface Log {
  readonly origin: string
  readonly tenant: string | null
  readonly keys: readonly NoteKey[]
  readonly from: number
  readonly records: RecordVerifier
  readonly checkpoints: CheckpointVerifier
  readonly kept: KeptCheckpoints
}

/** One export, while it is read. */
interface Part {
  readonly log: Log
  /** Undefined if it says nothing. */
  readonly end: SignedCheckpoint | undefined
  /** The size of the checkpoint before. */
  last: number
}

/** Reads exports one after the other; each has to go on where the one before ended. */
export class ExportVerifier {
  readonly #options: VerifyOptions
  readonly #findings = new Findings()
  #log: Log | undefined
  #file = ''
  #line = 0

  constructor(options: VerifyOptions = {}) {
    this.#options = options
  }

  /** @param file what findings call it */
  async read(file: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    this.#file = file
    this.#line = 0
    let part: Part | undefined
    const ended = await eachLine(content, line => {
      if (++this.#line === 1) part = this.#begin(line)
      else if (part !== undefined) this.#continue(part, line)
    })
    if (!ended) this.#report({ code: 'CUT_SHORT', message: 'the last line is not ended' })
    else if (this.#line === 0) this.#report({ code: 'UNREADABLE', message: 'there is no export in it' })
    if (part !== undefined) this.#end(part)
  }

  result(): Verification {
    const log = this.#log
    const left = log?.kept.left(log.records) ?? []
    return {
      origin: log?.origin,
      tenant: log?.tenant,
      from: log?.from ?? 0,
      size: log?.records.next ?? 0,
      firstAt: log?.records.firstAt,
      lastAt: log?.records.lastAt,
      signedBy: [...(log?.checkpoints.signedBy ?? [])].map(([key, size]) => ({ key, size })),
      findings: [...this.#findings.kept, ...left],
      found: this.#findings.total + left.length,
    }
  }

  readonly #report = (fault: Fault): void => {
    this.#findings.add({ ...fault, file: this.#file, line: this.#line })
  }

  #begin(line: Uint8Array | undefined): Part | undefined {
    try {
      const header = decode(ExportHeader, line ?? new Uint8Array())
      const log = this.#log === undefined ? this.#open(header) : this.#goOn(this.#log, header)
      if (log === undefined) return undefined
      this.#log = log
      this.#meetKept(log)
      const end = readCheckpoint(header.checkpoint, log.origin, log.keys)
      if (!('code' in end)) return { log, end, last: -1 }
      this.#report(end)
      return { log, end: undefined, last: -1 }
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof AuditError)) throw error
      this.#report({ code: 'UNREADABLE', message: `it does not begin as an export does: ${error.message}` })
      return undefined
    }
  }

  #open({ origin, tenant, from, keys: named }: ExportHeader): Log {
    const head = readHead(from)
    const keys = this.#options.keys ?? named.map(parseNoteKey)
    const records = new RecordVerifier(tenant, head, this.#report)
    const kept = new KeptCheckpoints(this.#options.kept ?? [], { origin, keys, from: head.size }, finding =>
      this.#findings.add(finding),
    )
    const checkpoints = new CheckpointVerifier(records, this.#report)
    return { origin, tenant, keys, from: head.size, records, checkpoints, kept }
  }

  /** @returns undefined if it is of another log, which is reported */
  #goOn(log: Log, { origin, tenant, from }: ExportHeader): Log | undefined {
    if (origin !== log.origin || tenant !== log.tenant) {
      this.#report({ code: 'FOREIGN', message: `it is of another log: ${JSON.stringify(origin)}` })
      return undefined
    }
    log.records.goOn(readHead(from))
    return log
  }

  #continue(part: Part, line: Uint8Array | undefined): void {
    const note = line && exportedCheckpoint(line)
    if (note !== undefined) {
      this.#checkpoint(part, note)
    } else {
      part.log.records.add(line)
      this.#meetKept(part.log)
    }
  }

  #meetKept({ kept, records, checkpoints }: Log): void {
    for (const checkpoint of kept.due(records)) checkpoints.compare(checkpoint)
  }

  #checkpoint(part: Part, note: string): void {
    const { origin, keys, records, checkpoints } = part.log
    const checkpoint = readCheckpoint(note, origin, keys)
    if ('code' in checkpoint) {
      this.#report(checkpoint)
    } else if (checkpoint.size !== records.next || checkpoint.size <= part.last) {
      const message = `the checkpoint of ${checkpoint.size} records stands where there are ${records.next}`
      this.#report({ code: 'MISPLACED', message })
    } else {
      part.last = checkpoint.size
      checkpoints.compare(checkpoint)
    }
  }

  #end({ log: { records, checkpoints }, end }: Part): void {
    if (end === undefined) return
    const { next } = records
    if (next === end.size) {
      checkpoints.compare(end)
    } else if (next < end.size) {
      const message = `${recordsAre(next, end.size - 1)} missing: ${end.size} were signed`
      this.#report({ code: 'CUT_SHORT', message, records: [next, end.size - 1] })
    } else {
      const message = `${recordsAre(end.size, next - 1)} behind the end that was signed`
      this.#report({ code: 'EXTRA', message, records: [end.size, next - 1] })
    }
  }
}

const checkpointStart = new TextEncoder().encode('{"checkpoint":')

/** The note in a line that is meant as a checkpoint; undefined: it is no such line. */
function exportedCheckpoint(line: Uint8Array): string | undefined {
  if (!checkpointStart.every((byte, i) => line[i] === byte)) return undefined
  try {
    return decode(ExportedCheckpoint, line).checkpoint
  } catch (error) {
    if (error instanceof DecodeError) return ''
    throw error
  }
}
