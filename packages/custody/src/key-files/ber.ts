/**
 * Files in BER brought to definite lengths, with strings in one piece: some programs write PKCS #12 as they go along, without
 * knowing lengths beforehand.
 *
 * @see X.690, 8.1.3 (lengths) and 8.7.3 (strings in pieces)
 * @module
 */
import { anyTlv, concat, DecodeError, encode, Reader } from '@keytether/codec'

const mostLevels = 32
const constructed = 0x20
const octetString = 0x04

/**
 * The first data object of a file, which ends with it.
 *
 * @throws DecodeError
 */
export function definite(file: Uint8Array): Uint8Array {
  const input = new Reader(file)
  const object = readObject(input, 0)
  input.done()
  return object
}

function readObject(input: Reader, level: number): Uint8Array {
  if (level > mostLevels) input.fail('VALUE', `more than ${mostLevels} levels of data objects`)
  const first = input.byte()
  if ((first & 0x1f) === 0x1f) input.fail('TAG', 'a tag of several bytes')
  const length = readLength(input)
  if (!(first & constructed)) {
    if (length === undefined) return input.fail('LENGTH', 'a value in one piece without a length')
    return encode(anyTlv, { tag: first, value: input.bytes(length) })
  }
  const parts = length === undefined ? untilEnd(input, level) : all(input.window(length), level)
  if (first === (octetString | constructed))
    return encode(anyTlv, { tag: octetString, value: concat(...parts.map(contentOf)) })
  return encode(anyTlv, { tag: first, value: concat(...parts) })
}

/** Absent: the value ends with two zero bytes. */
function readLength(input: Reader): number | undefined {
  const first = input.byte()
  if (first < 0x80) return first
  if (first === 0x80) return undefined
  if (first > 0x84) input.fail('LENGTH', 'a length of more than four bytes')
  return input.bytes(first & 0x7f).reduce((value, byte) => value * 256 + byte, 0)
}

function all(input: Reader, level: number): Uint8Array[] {
  const parts = []
  while (input.left > 0) parts.push(readObject(input, level + 1))
  return parts
}

function untilEnd(input: Reader, level: number): Uint8Array[] {
  const parts = []
  for (;;) {
    const ahead = input.fork()
    if (ahead.byte() === 0x00) {
      if (ahead.byte() !== 0x00) throw new DecodeError('VALUE', 'wanted the end of a value', input.offset)
      input.bytes(2)
      return parts
    }
    parts.push(readObject(input, level + 1))
  }
}

/** The content of a piece of a string, which is a string itself. */
export function contentOf(object: Uint8Array): Uint8Array {
  const input = new Reader(object)
  const { tag, value } = anyTlv.read(input)
  if (tag !== octetString) input.fail('TAG', 'wanted a piece of an OCTET STRING', 0)
  return value
}
