/** Where a chain of records has got to. A head is never changed: each record makes the next one. */
import { encode } from '@keytether/codec'
import { type AuditEntry, AuditRecord } from './record.ts'
import { appendLeaf, type CompactRange, hashSize, leafHash, rootOf } from './tree.ts'

export interface ChainHead {
  /** How many records there are: the number of the next one. */
  readonly size: number
  /** The hash of the last record; before the first one zeros. */
  readonly last: Uint8Array
  /** Of the tree over all of them. */
  readonly range: CompactRange
}

/** Of a chain without records. */
export const emptyChain: ChainHead = { size: 0, last: new Uint8Array(hashSize), range: [] }

/** A record that was put into its chain. */
export interface ChainedRecord {
  readonly record: AuditRecord
  /** As it is stored and exported, without its end. */
  readonly line: Uint8Array
  /** The chain with it. */
  readonly head: ChainHead
}

/** @throws RangeError if the entry is not one that a record can hold */
export function chainRecord(head: ChainHead, tenant: string | null, entry: AuditEntry): ChainedRecord {
  const record = { seq: head.size, tenant, prev: Buffer.from(head.last).toString('base64'), ...entry }
  const line = encode(AuditRecord, record)
  return { record, line, head: extendChain(head, line) }
}

/** @param line of the record that comes next, without its end */
export function extendChain({ size, range }: ChainHead, line: Uint8Array): ChainHead {
  const last = leafHash(line)
  return { size: size + 1, last, range: appendLeaf(range, size, last) }
}

/** The root of the tree over all records. */
export function chainRoot({ range }: ChainHead): Uint8Array {
  return rootOf(range)
}
