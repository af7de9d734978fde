/**
 * What an export is written in: lines of JSON. The first one says which records follow and how far, with the checkpoint that vouches
 * for them; then the records, and each earlier checkpoint behind the last record that it is over.
 *
 * @module
 */
import { DecodeError, type TypeOf } from '@keytether/codec'
import { fromBase64, toBase64 } from './base64.ts'
import { type ChainHead, emptyChain } from './chain.ts'
import { count, hash, jsonLine, listOf, members, nullable, pattern, text, type ValueOf } from './json-line.ts'
import { subtrees } from './tree.ts'

const Head = members({
  size: count,
  last: hash,
  range: listOf(hash),
})
/** A chain's head as the header has it, and as it can be stored. */
export type WrittenHead = ValueOf<typeof Head>

export const ExportHeader = jsonLine(
  members({
    keytether: pattern(/^audit 1$/, 'audit 1'),
    /** Which log: as in its checkpoints. */
    origin: text,
    /** The id of the tenant; none: the service's own. */
    tenant: nullable(text),
    /** The chain before the first record here: nothing, or what was left out or has been deleted. */
    from: Head,
    /** Keys that the log's checkpoints are signed with, each in one line. Who trusts them has them from elsewhere. */
    keys: listOf(text),
    /** A signed note. Its size says how far the records go. */
    checkpoint: text,
  }),
)
export type ExportHeader = TypeOf<typeof ExportHeader>

/** An earlier checkpoint, in its place. */
export const ExportedCheckpoint = jsonLine(members({ checkpoint: text }))

export function writeHead({ size, last, range }: ChainHead): WrittenHead {
  return { size, last: toBase64(last), range: range.map(toBase64) }
}

/** @throws DecodeError if it is no head of so many records */
export function readHead({ size, last, range }: WrittenHead): ChainHead {
  const wanted = subtrees(size)
  if (range.length !== wanted) {
    throw new DecodeError('VALUE', `from: wanted ${wanted} roots of ${size} records, got ${range.length}`, 0)
  }
  if (size === 0 && last !== toBase64(emptyChain.last)) {
    throw new DecodeError('VALUE', 'from: wanted zeros before the first record', 0)
  }
  return { size, last: fromBase64(last)!, range: range.map(root => fromBase64(root)!) }
}
