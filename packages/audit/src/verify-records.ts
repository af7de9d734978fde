/** Whether records are those of one chain, each behind the one that it names; and what was done to them if they are not. */
import { DecodeError, decode, equal } from '@keytether/codec'
import { toBase64 } from './base64.ts'
import type { ChainHead } from './chain.ts'
import type { Fault, Report } from './findings.ts'
import { AuditRecord } from './record.ts'
import { appendLeaf, type CompactRange, leafHash, rootOf } from './tree.ts'

export class RecordVerifier {
  readonly #tenant: string | null
  readonly #report: Report
  #next: number
  /** What the next record has to name; unknown behind what could not be read. */
  #last: string | undefined
  /** Undefined once anything was wrong: it would only say so again at each checkpoint. */
  #range: CompactRange | undefined
  /** When the first and the last record were written. */
  firstAt: string | undefined
  lastAt: string | undefined

  constructor(tenant: string | null, { size, last, range }: ChainHead, report: Report) {
    this.#tenant = tenant
    this.#next = size
    this.#last = toBase64(last)
    this.#range = range
    this.#report = fault => {
      this.#range = undefined
      report(fault)
    }
  }

  /** The number of the record that comes next. */
  get next(): number {
    return this.#next
  }

  /** Undefined if records before were not as they should be. */
  root(): Uint8Array | undefined {
    return this.#range && rootOf(this.#range)
  }

  /** The root was not the one that was signed: nothing is known of what comes. */
  distrust(): void {
    this.#range = undefined
  }

  /** A further part of the log begins like this: from there on, if it is not where this one ended. */
  goOn(head: ChainHead): void {
    const fault = this.#notGoingOn(head)
    if (fault === undefined) return
    this.#report(fault)
    this.#next = head.size
    this.#last = toBase64(head.last)
  }

  #notGoingOn({ size, last, range }: ChainHead): Fault | undefined {
    const next = this.#next
    if (size > next) {
      return { code: 'MISSING', message: `${recordsAre(next, size - 1)} missing before it`, records: [next, size - 1] }
    }
    if (size < next) {
      const message = `it begins with record ${size}, where record ${next} should be`
      return { code: 'OUT_OF_ORDER', message, records: [size, next - 1] }
    }
    const sameTree = this.#range === undefined || range.every((root, i) => equal(root, this.#range![i]!))
    if (sameTree && (this.#last === undefined || this.#last === toBase64(last))) return undefined
    return { ...changedBefore(next), message: 'it does not go on with the chain that is before it' }
  }

  /** @param line undefined: too long for a record */
  add(line: Uint8Array | undefined): void {
    const record = line === undefined ? 'it is too long' : this.#read(line)
    if (line === undefined || typeof record === 'string') {
      this.#unreadable(String(record))
      return
    }
    if (record.tenant !== this.#tenant) {
      const message = `where record ${this.#next} should be stands one of another tenant`
      this.#report({ code: 'FOREIGN', message, records: [this.#next, this.#next] })
      return
    }
    if (!this.#takesPlace(record)) return
    const hash = leafHash(line)
    if (this.#range !== undefined) this.#range = appendLeaf(this.#range, this.#next, hash)
    this.#last = toBase64(hash)
    this.#next++
    this.firstAt ??= record.at
    this.lastAt = record.at
  }

  /** Compares the place that a record has with the one that it says it has. */
  #takesPlace({ seq, prev }: AuditRecord): boolean {
    const next = this.#next
    const follows = this.#last === undefined ? undefined : prev === this.#last
    if (seq === next) {
      if (follows === false) this.#report(changedBefore(next))
    } else if (follows) {
      this.#report({ code: 'CHANGED', message: `record ${next} says that it is record ${seq}`, records: [next, next] })
    } else if (seq > next) {
      this.#report({ code: 'MISSING', message: `${recordsAre(next, seq - 1)} missing`, records: [next, seq - 1] })
      this.#next = seq
    } else {
      const message = `record ${seq} stands where record ${next} should`
      this.#report({ code: 'OUT_OF_ORDER', message, records: [seq, seq] })
      return false
    }
    return true
  }

  #unreadable(why: string): void {
    const next = this.#next++
    const message = `what should be record ${next} is no record: ${why}`
    this.#report({ code: 'UNREADABLE', message, records: [next, next] })
    this.#last = undefined
  }

  #read(line: Uint8Array): AuditRecord | string {
    try {
      return decode(AuditRecord, line)
    } catch (error) {
      if (error instanceof DecodeError) return error.message
      throw error
    }
  }
}

function changedBefore(next: number): Fault {
  const first = Math.max(0, next - 1)
  const message = `record ${next} does not follow what is before it: one of the two was changed`
  return { code: 'CHANGED', message, records: [first, next] }
}

/** Numbers of records in words, with the verb. */
export function recordsAre(first: number, last: number): string {
  return first === last ? `record ${first} is` : `records ${first} to ${last} are`
}
