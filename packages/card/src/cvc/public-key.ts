/**
 * Public keys in card-verifiable form: object identifier of the algorithm, domain parameters, and the key itself.
 *
 * @see BSI TR-03110-3, D.3
 * @module
 */
import { bytes, type Codec, mapped, optional, type Reader, tlv, tlvs, toHex, u16 } from '@keytether/codec'

/** Object identifiers as the bytes of their value, in hexadecimal: id-TA-RSA-v1-5-* and id-TA-ECDSA-*. */
export const keyAlgorithm = {
  rsaSha256: '04007f00070202020102',
  rsaSha512: '04007f00070202020105',
  ecdsaSha1: '04007f00070202020201',
  ecdsaSha224: '04007f00070202020202',
  ecdsaSha256: '04007f00070202020203',
  ecdsaSha384: '04007f00070202020204',
  ecdsaSha512: '04007f00070202020205',
} as const

/** Parameters of a curve over a prime field; integers are big-endian and of field size, `g` is 04 ‖ x ‖ y. */
export interface DomainParameters {
  readonly p: Uint8Array
  readonly a: Uint8Array
  readonly b: Uint8Array
  readonly g: Uint8Array
  readonly n: Uint8Array
  readonly h: Uint8Array
}

export interface EcPublicKey {
  readonly kind: 'ec'
  readonly oid: Uint8Array
  /** Absent where they are those of the issuer's key. */
  readonly domain?: DomainParameters | undefined
  /** 04 ‖ x ‖ y. */
  readonly q: Uint8Array
}

export interface RsaPublicKey {
  readonly kind: 'rsa'
  readonly oid: Uint8Array
  readonly n: Uint8Array
  readonly e: Uint8Array
}

export type PublicKey = EcPublicKey | RsaPublicKey

/** What a key to be generated is like. */
export type KeyParameters =
  | { readonly kind: 'ec'; readonly oid: Uint8Array; readonly domain: DomainParameters }
  | { readonly kind: 'rsa'; readonly oid: Uint8Array; readonly e: Uint8Array; readonly bits: number }

/** 81 and 82 mean one thing for EC keys and another for RSA keys; the object identifier tells which. */
const content = tlvs(
  {
    oid: tlv(0x06, bytes({ min: 1, max: 16 })),
    d81: optional(tlv(0x81, bytes())),
    d82: optional(tlv(0x82, bytes())),
    d83: optional(tlv(0x83, bytes())),
    d84: optional(tlv(0x84, bytes())),
    d85: optional(tlv(0x85, bytes())),
    d86: optional(tlv(0x86, bytes())),
    d87: optional(tlv(0x87, bytes())),
    bits: optional(tlv(0x02, u16)),
  },
  { order: 'any' },
)

const rsaPrefix = '04007f000702020201'

function isRsa(oid: Uint8Array): boolean {
  return toHex(oid).startsWith(rsaPrefix)
}

function needed<T>(value: T | undefined, name: string, input: Reader): T {
  return value ?? input.fail('MISSING', `${name} is missing`)
}

function domainOf(value: DomainParameters) {
  return { d81: value.p, d82: value.a, d83: value.b, d84: value.g, d85: value.n, d87: value.h }
}

type Content = Parameters<typeof content.write>[1]

function readDomain(value: Content, input: Reader): DomainParameters {
  return {
    p: needed(value.d81, 'prime (81)', input),
    a: needed(value.d82, 'coefficient a (82)', input),
    b: needed(value.d83, 'coefficient b (83)', input),
    g: needed(value.d84, 'base point (84)', input),
    n: needed(value.d85, 'order (85)', input),
    h: value.d87 ?? Uint8Array.of(1),
  }
}

/** The content of 7F49 in certificates and requests. */
export const PublicKey: Codec<PublicKey> = mapped(content, {
  write: key =>
    key.kind === 'rsa'
      ? { oid: key.oid, d81: key.n, d82: key.e }
      : { oid: key.oid, ...(key.domain && domainOf(key.domain)), d86: key.q },
  read(value, input): PublicKey {
    if (value.bits !== undefined) input.fail('TAG', 'tag 02 is not allowed in a public key')
    const { oid } = value
    if (isRsa(oid)) {
      return {
        kind: 'rsa',
        oid,
        n: needed(value.d81, 'modulus (81)', input),
        e: needed(value.d82, 'exponent (82)', input),
      }
    }
    const q = needed(value.d86, 'public point (86)', input)
    return value.d81 === undefined ? { kind: 'ec', oid, q } : { kind: 'ec', oid, domain: readDomain(value, input), q }
  },
})

/** 65537 */
const usualExponent = Uint8Array.of(0x01, 0x00, 0x01)

/** The content of 7F49 in the command that generates a key. Some programs leave the exponent to the card. */
export const KeyParameters: Codec<KeyParameters> = mapped(content, {
  write: key =>
    key.kind === 'rsa' ? { oid: key.oid, d82: key.e, bits: key.bits } : { oid: key.oid, ...domainOf(key.domain) },
  read(value, input): KeyParameters {
    const { oid } = value
    if (value.d86 !== undefined) input.fail('TAG', 'tag 86 is not allowed in parameters of a key to be generated')
    if (isRsa(oid)) {
      return { kind: 'rsa', oid, e: value.d82 ?? usualExponent, bits: needed(value.bits, 'modulus length (02)', input) }
    }
    return { kind: 'ec', oid, domain: readDomain(value, input) }
  },
})
