/**
 * BER as CMS messages come in it: also with lengths that only the end tells, and strings in pieces, since programs that write
 * while they encrypt know no lengths.
 *
 * @see X.690, 8.1 and 8.7
 * @module
 */
import { concat, DecodeError, toHex } from '@keytether/codec'

export interface BerObject {
  /** The first byte: class, form and number. */
  readonly tag: number
  /** Of objects that hold others. */
  readonly children: readonly BerObject[]
  /** Of all others; of a string in pieces, all of them together. */
  readonly content: Uint8Array
  /** The very bytes that it was read from. */
  readonly raw: Uint8Array
}

const deepest = 24
const constructed = 0x20
const octetString = 0x04

/** @throws DecodeError unless the bytes are one object */
export function readBer(bytes: Uint8Array): BerObject {
  const { object, end } = readObject(bytes, 0, bytes.length, 0)
  if (end < bytes.length) throw new DecodeError('LEFTOVER', `${bytes.length - end} bytes left over`, end)
  return object
}

interface Read {
  readonly object: BerObject
  readonly end: number
}

function readObject(bytes: Uint8Array, start: number, limit: number, depth: number): Read {
  if (depth > deepest) throw new DecodeError('VALUE', 'objects within objects without end', start)
  if (start + 2 > limit) throw new DecodeError('TRUNCATED', 'wanted an object', start)
  const tag = bytes[start]!
  if ((tag & 0x1f) === 0x1f) throw new DecodeError('TAG', 'tag of more than one byte', start)
  const { length, content } = readLength(bytes, start + 1, limit)
  if (length !== undefined && content + length > limit) {
    throw new DecodeError('TRUNCATED', `wanted ${length} bytes, ${limit - content} left`, content)
  }
  if (!(tag & constructed)) {
    if (length === undefined) throw new DecodeError('LENGTH', 'a length that only the end tells', start)
    const end = content + length
    const value = bytes.subarray(content, end)
    return { object: { tag, children: [], content: value, raw: bytes.subarray(start, end) }, end }
  }
  const children: BerObject[] = []
  let at = content
  const last = length === undefined ? limit : content + length
  while (length === undefined ? !isEnd(bytes, at) : at < last) {
    const { object, end } = readObject(bytes, at, last, depth + 1)
    children.push(object)
    at = end
  }
  const end = length === undefined ? at + 2 : at
  // An octet string in pieces, also where another tag stands in place of its own.
  const inPieces = children.every(child => (child.tag & ~constructed) === octetString)
  const value = inPieces ? concat(...children.map(child => child.content)) : new Uint8Array()
  return { object: { tag, children, content: value, raw: bytes.subarray(start, end) }, end }
}

function isEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0
}

/** @returns no length if only the end tells it */
function readLength(bytes: Uint8Array, at: number, limit: number) {
  const first = bytes[at]!
  if (first < 0x80) return { length: first, content: at + 1 }
  if (first === 0x80) return { length: undefined, content: at + 1 }
  const size = first - 0x80
  if (size > 4 || at + 1 + size > limit) throw new DecodeError('LENGTH', 'length of too many bytes', at)
  let length = 0
  for (let i = 1; i <= size; i++) length = length * 256 + bytes[at + i]!
  return { length, content: at + 1 + size }
}

/** The child in a place, which has to have the tag. @throws DecodeError */
export function child({ children }: BerObject, index: number, tag: number, name: string): BerObject {
  const found = children[index]
  if (found?.tag === tag) return found
  const got = found ? toHex(Uint8Array.of(found.tag)) : 'nothing'
  throw new DecodeError('TAG', `${name}: wanted tag ${toHex(Uint8Array.of(tag))}, got ${got}`, 0)
}

/** A child of a tag that there is at most one of. */
export function optionalChild({ children }: BerObject, tag: number): BerObject | undefined {
  return children.find(one => one.tag === tag)
}

/** An OBJECT IDENTIFIER with dots. */
export function oid({ tag, content }: BerObject): string {
  if (tag !== 0x06 || content.length === 0) throw new DecodeError('TAG', 'wanted an object identifier', 0)
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - 40 * top, ...rest].join('.')
}
