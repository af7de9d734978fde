/**
 * A private or secret key in the form that it is wrapped in: some random bytes, its size, its numbers, and padding.
 *
 * It is read as leniently as cards write it: numbers with zeros in front or without them, padding of a whole block where
 * the rest is aligned, or none. Where the numbers end, they tell; the padding is not asked.
 *
 * @module
 */
import { bytes, type Codec, encode, mapped, struct, u16 } from '@keytether/codec'
import { blockSize, pad } from '../aes.ts'
import { curveOf } from '../cvc/curves.ts'
import type { DomainParameters } from '../cvc/public-key.ts'

/** The numbers of a key, big-endian. Numbers of an EC key may lack zeros in front; `q` is 04 ‖ x ‖ y. */
export type KeyMaterial =
  | { readonly kind: 'rsa'; readonly n: Uint8Array; readonly e: Uint8Array; readonly d: Uint8Array }
  | {
      readonly kind: 'rsaCrt'
      readonly p: Uint8Array
      readonly q: Uint8Array
      readonly dp: Uint8Array
      readonly dq: Uint8Array
      /** The inverse of `q` modulo `p`. */
      readonly qInv: Uint8Array
      readonly n: Uint8Array
      readonly e: Uint8Array
    }
  | { readonly kind: 'ec'; readonly domain: DomainParameters; readonly d: Uint8Array; readonly q: Uint8Array }
  | { readonly kind: 'aes'; readonly key: Uint8Array }

export type KeyMaterialKind = KeyMaterial['kind']

/** What a key is called in the header of a blob. */
export const keyMaterialType = { rsa: 0x05, rsaCrt: 0x06, ec: 0x0c, aes: 0x0f } as const satisfies Record<
  KeyMaterialKind,
  number
>

export const saltSize = 8

/** Two bytes of length and that many bytes. */
const part: Codec<Uint8Array> = {
  write(out, value) {
    u16.write(out, value.length)
    out.bytes(value)
  },
  read: input => input.bytes(u16.read(input)),
}

/** Cofactors are not written: all curves of the card have 1. */
const cofactor = Uint8Array.of(1)

type Material<K extends KeyMaterialKind> = Extract<KeyMaterial, { kind: K }>

const rsa: Codec<Material<'rsa'>> = mapped(struct({ d: part, n: part, e: part }), {
  write: material => material,
  read: numbers => ({ kind: 'rsa', ...numbers }),
})

const rsaCrt: Codec<Material<'rsaCrt'>> = mapped(
  struct({ dp: part, dq: part, p: part, qInv: part, q: part, n: part, e: part }),
  { write: material => material, read: numbers => ({ kind: 'rsaCrt', ...numbers }) },
)

const ec: Codec<Material<'ec'>> = mapped(struct({ a: part, b: part, p: part, n: part, g: part, d: part, q: part }), {
  write: ({ domain: { p, a, b, g, n }, d, q }) => ({ a, b, p, n, g, d, q }),
  read: ({ d, q, ...domain }) => ({ kind: 'ec', domain: { ...domain, h: cofactor }, d, q }),
})

function aes(size: number): Codec<Material<'aes'>> {
  return mapped(bytes(size), { write: ({ key }) => key, read: key => ({ kind: 'aes', key }) })
}

/** @param size of a secret key, which says nowhere else how long it is */
function content(kind: KeyMaterialKind, size: number): Codec<KeyMaterial> {
  return { rsa, rsaCrt, ec, aes: aes(size) }[kind] as Codec<KeyMaterial>
}

/** Bits of the modulus or of the field; bytes of a secret key. */
function sizeOf(material: KeyMaterial): number {
  if (material.kind === 'aes') return material.key.length
  if (material.kind === 'ec') return curveOf(material.domain)?.bits ?? bitLength(material.domain.p)
  return bitLength(material.n)
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex(byte => byte !== 0)
  return first < 0 ? 0 : 8 * (number.length - first) - (Math.clz32(number[first]!) - 24)
}

const secretKeySizes: readonly number[] = [16, 24, 32]

/** Some say whole bytes where the field of the curve has fewer bits. */
function isSizeOf(material: KeyMaterial, size: number): boolean {
  const actual = sizeOf(material)
  if (material.kind === 'aes') return secretKeySizes.includes(size)
  return size === actual || (material.kind === 'ec' && size === 8 * Math.ceil(actual / 8))
}

export interface SaltedMaterial {
  /** 8 random bytes, so that equal keys do not look equal. */
  readonly salt: Uint8Array
  readonly material: KeyMaterial
}

/** What is encrypted: whole blocks. */
export function saltedMaterial(kind: KeyMaterialKind): Codec<SaltedMaterial> {
  const salt = bytes(saltSize)
  return {
    write(out, value) {
      const size = sizeOf(value.material)
      if (!isSizeOf(value.material, size)) throw new RangeError(`a secret key has 16, 24 or 32 bytes, got ${size}`)
      const start = struct({ salt, size: u16, material: content(kind, size) })
      out.bytes(pad(encode(start, { ...value, size })))
    },
    read(input) {
      const read = { salt: salt.read(input) }
      const size = u16.read(input)
      const material = content(kind, size).read(input)
      if (!isSizeOf(material, size)) input.fail('VALUE', `not a key of size ${size}`)
      const [first = 0x80, ...rest] = input.bytes(Math.min(input.left, blockSize))
      if (first !== 0x80 || rest.some(byte => byte !== 0)) input.fail('VALUE', 'neither key nor padding')
      return { ...read, material }
    },
  }
}
