/**
 * What the descriptions of keys, certificates and data have in common.
 *
 * They are read as leniently as OpenSC, sc-hsm-embedded and Pico write them, and written as OpenSC writes them.
 *
 * @see ISO/IEC 7816-15, 8.2 (common object attributes) and 8.3 (paths); PKCS #15 v1.1, 6.1
 * @module
 */
import {
  bytes,
  type Codec,
  type Length,
  mapped,
  optional,
  struct,
  type TypeOf,
  tlv,
  tlvs,
  u8,
  utf8,
} from '@keytether/codec'

/** A BIT STRING whose bits have names, each with its number; bits without a name are passed over. */
export function namedBits<const M extends Record<string, number>>(names: M): Codec<readonly (keyof M & string)[]> {
  const all = Object.entries(names) as [keyof M & string, number][]
  return mapped(struct({ unused: u8, octets: bytes({ max: 8 }) }), {
    write(set) {
      const numbers = set.map(name => names[name]!)
      const length = Math.max(-1, ...numbers) + 1
      const octets = new Uint8Array(Math.ceil(length / 8))
      for (const number of numbers) octets[number >> 3]! |= 0x80 >> (number & 7)
      return { unused: 8 * octets.length - length, octets }
    },
    read({ unused, octets }, input) {
      if (unused > 7) input.fail('VALUE', `wanted 0 to 7 unused bits, got ${unused}`)
      return all.filter(([, number]) => (octets[number >> 3] ?? 0) & (0x80 >> (number & 7))).map(([name]) => name)
    },
  })
}

/** One object at the start of a file: a file is not shortened when it is written over, so something may be left behind. */
export function firstOf<T>(codec: Codec<T>): Codec<T> {
  return {
    write: (out, value) => codec.write(out, value),
    read(input) {
      const value = codec.read(input)
      input.window(input.left)
      return value
    },
  }
}

const label: Length = { max: 255 }

/** `private`: not without log-in. The authentication identifier says which PIN; the user's is 01. */
export const objectAttributes = tlv(
  0x30,
  tlvs(
    {
      label: optional(tlv(0x0c, utf8(label))),
      flags: optional(tlv(0x03, namedBits({ private: 0, modifiable: 1 }))),
      authId: optional(tlv(0x04, bytes({ max: 255 }))),
    },
    { unknown: 'ignore' },
  ),
)
export type ObjectAttributes = TypeOf<typeof objectAttributes>

/** Where an object is: the identifier of a file, or nothing for a key. */
export const path = tlv(0x30, tlvs({ path: tlv(0x04, bytes({ max: 16 })) }, { unknown: 'ignore' }))
