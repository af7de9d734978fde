/**
 * The Merkle tree over all records of a chain, of which only the roots of the complete subtrees are kept, from left to right: one
 * for each bit that is set in the number of leaves.
 *
 * @see RFC 6962, 2.1
 * @module
 */
import { hash } from 'node:crypto'

/** The roots of the complete subtrees, the largest first: 32 bytes each. */
export type CompactRange = readonly Uint8Array[]

export const hashSize = 32
const leafPrefix = 0
const nodePrefix = 1

let leaf = new Uint8Array(4096)

/** SHA-256 of a zero byte and the line, without its end. */
export function leafHash(line: Uint8Array): Uint8Array {
  if (leaf.length <= line.length) leaf = new Uint8Array(2 * line.length)
  leaf[0] = leafPrefix
  leaf.set(line, 1)
  return sha256(leaf.subarray(0, 1 + line.length))
}

const pair = new Uint8Array(1 + 2 * hashSize)
pair[0] = nodePrefix

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 1)
  pair.set(right, 1 + hashSize)
  return sha256(pair)
}

/** @param size how many leaves the range has */
export function appendLeaf(range: CompactRange, size: number, leaf: Uint8Array): CompactRange {
  const appended = range.slice()
  let right = leaf
  for (let left = size; left % 2 === 1; left = (left - 1) / 2) right = nodeHash(appended.pop()!, right)
  appended.push(right)
  return appended
}

export function rootOf(range: CompactRange): Uint8Array {
  if (range.length === 0) return sha256(new Uint8Array())
  return range.reduceRight((right, left) => nodeHash(left, right))
}

/** How many subtrees a tree of so many leaves has. */
export function subtrees(size: number): number {
  let ones = 0
  for (let left = size; left > 0; left = Math.floor(left / 2)) ones += left % 2
  return ones
}

/** As text and back: Node is twice as fast with that as with a Buffer of its own for each. */
function sha256(value: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(hash('sha256', value, 'binary'), 'binary'))
}
