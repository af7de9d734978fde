/** Formats of single values: numbers, bytes, text, and values out of a fixed set. */
import { equal, toHex } from './bytes.ts'
import type { Codec, Reader } from './codec.ts'

function unsigned(size: number): Codec<number> {
  const limit = 2 ** (8 * size)
  return {
    write(out, value) {
      if (!Number.isInteger(value) || value < 0 || value >= limit) {
        throw new RangeError(`wanted an integer from 0 to ${limit - 1}, got ${value}`)
      }
      for (let shift = size - 1; shift >= 0; shift--) out.byte(Math.floor(value / 2 ** (8 * shift)) & 0xff)
    },
    read(input) {
      let value = 0
      for (let i = 0; i < size; i++) value = value * 256 + input.byte()
      return value
    },
  }
}

/** Unsigned big-endian integers of a fixed size. */
export const u8 = unsigned(1)
export const u16 = unsigned(2)
export const u32 = unsigned(4)

/**
 * Two's complement, big-endian, shortest form, one to `max` bytes: the value of an INTEGER.
 *
 * @see X.690, 8.3
 */
export function integer({ max = 6 }: { max?: number } = {}): Codec<number> {
  return {
    write(out, value) {
      if (!Number.isSafeInteger(value)) throw new RangeError(`wanted an integer, got ${value}`)
      let size = 1
      while (value < -(2 ** (8 * size - 1)) || value >= 2 ** (8 * size - 1)) size++
      if (size > max) throw new RangeError(`wanted an integer of at most ${max} bytes, got ${value}`)
      for (let shift = size - 1; shift >= 0; shift--) out.byte(Math.floor(value / 2 ** (8 * shift)) & 0xff)
    },
    read(input) {
      const start = input.offset
      const size = input.left
      if (size < 1 || size > max) input.fail('LENGTH', `wanted an integer of 1 to ${max} bytes, got ${size}`)
      const first = input.byte()
      let value = first < 0x80 ? first : first - 256
      for (let i = 1; i < size; i++) value = value * 256 + input.byte()
      const shorter = size > 1 && value >= -(2 ** (8 * size - 9)) && value < 2 ** (8 * size - 9)
      if (shorter && input.options.lengths !== 'any') input.fail('LENGTH', 'integer not in its shortest form', start)
      return value
    },
  }
}

export interface Length {
  readonly min?: number
  readonly max?: number
}

/** All bytes that are left, within bounds. A number asks for exactly that many and leaves what follows. */
export function bytes(length: number | Length = {}): Codec<Uint8Array> {
  if (typeof length === 'number') {
    return {
      write(out, value) {
        if (value.length !== length) throw new RangeError(`wanted ${length} bytes, got ${value.length}`)
        out.bytes(value)
      },
      read: input => input.bytes(length),
    }
  }
  const { min = 0, max = Number.POSITIVE_INFINITY } = length
  return {
    write(out, value) {
      if (value.length < min || value.length > max) throw new RangeError(`${bounds(min, max)}, got ${value.length}`)
      out.bytes(value)
    },
    read(input) {
      if (input.left < min || input.left > max) input.fail('LENGTH', `${bounds(min, max)}, got ${input.left}`)
      return input.bytes(input.left)
    },
  }
}

function bounds(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return `wanted at least ${min} bytes`
  return min === max ? `wanted ${min} bytes` : `wanted ${min} to ${max} bytes`
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** UTF-8 text, all bytes that are left; the bounds count bytes. */
export function utf8(length: Length = {}): Codec<string> {
  const raw = bytes(length)
  return {
    write: (out, value) => raw.write(out, encoder.encode(value)),
    read(input) {
      const start = input.offset
      const value = raw.read(input)
      try {
        return decoder.decode(value)
      } catch {
        return input.fail('VALUE', 'not UTF-8', start)
      }
    },
  }
}

/** Printable ASCII (20 to 7E), all bytes that are left. */
export function ascii(length: Length = {}): Codec<string> {
  const raw = bytes(length)
  return {
    write(out, value) {
      if (!/^[\x20-\x7e]*$/.test(value)) throw new RangeError('wanted printable ASCII')
      raw.write(out, encoder.encode(value))
    },
    read(input) {
      const start = input.offset
      const value = raw.read(input)
      const bad = value.findIndex(byte => byte < 0x20 || byte > 0x7e)
      if (bad >= 0) input.fail('VALUE', 'not printable ASCII', start + bad)
      return decoder.decode(value)
    },
  }
}

/** One byte that names one of a closed set. */
export function oneOf<const M extends Record<string, number>>(names: M): Codec<keyof M & string> {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]))
  return {
    write(out, value) {
      const number = Object.hasOwn(names, value) ? names[value] : undefined
      if (number === undefined) throw new RangeError(`wanted one of ${Object.keys(names).join(', ')}, got ${value}`)
      out.byte(number)
    },
    read(input) {
      const start = input.offset
      const number = input.byte()
      const name = byNumber.get(number)
      if (name === undefined) return input.fail('VALUE', `${hexByte(number)} is none of ${list(names)}`, start)
      return name
    },
  }
}

function list(names: Record<string, number>): string {
  return Object.entries(names)
    .map(([name, number]) => `${hexByte(number)} ${name}`)
    .join(', ')
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0')
}

/** Bytes that are always the same. A struct leaves the field out of its value. */
export function always(...constant: readonly number[]): Codec<undefined> {
  const wanted = Uint8Array.from(constant)
  return {
    write: out => out.bytes(wanted),
    read(input) {
      const start = input.offset
      const got = input.bytes(wanted.length)
      if (!equal(got, wanted)) input.fail('VALUE', `wanted ${toHex(wanted)}, got ${toHex(got)}`, start)
      return undefined
    },
  }
}

/** No bytes at all. */
export const nothing: Codec<undefined> = { write: () => {}, read: () => undefined }

/**
 * A format whose values are seen in another form.
 *
 * @param read may call `input.fail` to refuse a value that is well-formed but not allowed
 */
export function mapped<A, B>(codec: Codec<A>, to: { write(value: B): A; read(value: A, input: Reader): B }): Codec<B> {
  return {
    write: (out, value) => codec.write(out, to.write(value)),
    read: input => to.read(codec.read(input), input),
  }
}
