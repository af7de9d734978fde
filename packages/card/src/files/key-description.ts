/**
 * What a host has noted about a key, in the file C4 and the key reference: label, identifier, use and size.
 *
 * @see ISO/IEC 7816-15, 8.4 (private keys) and 8.6 (secret keys)
 * @module
 */
import { bytes, type Codec, choice, integer, mapped, optional, tlv, tlvs } from '@keytether/codec'
import { firstOf, namedBits, type ObjectAttributes, objectAttributes, path } from './attributes.ts'

const usage = namedBits({
  encrypt: 0,
  decrypt: 1,
  sign: 2,
  signRecover: 3,
  wrap: 4,
  unwrap: 5,
  verify: 6,
  verifyRecover: 7,
  derive: 8,
  nonRepudiation: 9,
})

const accessFlags = namedBits({ sensitive: 0, extractable: 1, alwaysSensitive: 2, neverExtractable: 3, local: 4 })

const size = integer({ max: 4 })
const bits = tlv(0x02, size)

const keyAttributes = tlv(
  0x30,
  tlvs(
    {
      id: tlv(0x04, bytes({ max: 255 })),
      usage: tlv(0x03, usage),
      accessFlags: optional(tlv(0x03, accessFlags)),
      /** The key's reference when the description was written; a key restored under another keeps the old one here. */
      keyReference: optional(tlv(0x02, size)),
    },
    { unknown: 'ignore' },
  ),
)

const privateKey = tlvs(
  {
    object: objectAttributes,
    key: keyAttributes,
    /** The subject of the key's certificate: a Name, DER. */
    subject: optional(tlv(0xa0, tlv(0x30, bytes()))),
    type: tlv(0xa1, tlv(0x30, tlvs({ path, bits }, { unknown: 'ignore' }))),
  },
  { unknown: 'ignore' },
)

/** sc-hsm-embedded once wrote the number without the sequence around it. */
const secretKeySize = mapped(choice({ sequence: tlv(0x30, tlvs({ bits }, { unknown: 'ignore' })), bare: bits }), {
  write: (value: number) => ({ kind: 'sequence' as const, value: { bits: value } }),
  read: found => (found.kind === 'bare' ? found.value : found.value.bits),
})

const secretKey = tlvs(
  {
    object: objectAttributes,
    key: keyAttributes,
    bits: tlv(0xa0, secretKeySize),
    type: optional(tlv(0xa1, tlv(0x30, tlvs({ path }, { unknown: 'ignore' })))),
  },
  { unknown: 'ignore' },
)

type KeyAttributes = typeof keyAttributes extends Codec<infer T> ? T : never

export interface PrivateKeyDescription extends ObjectAttributes, KeyAttributes {
  readonly kind: 'rsa' | 'ec' | 'aes'
  /** Of the modulus, the field or the secret key. */
  readonly bits: number
  /** The subject of the key's certificate, once there is one: a Name, DER. */
  readonly subject?: Uint8Array | undefined
}

const noPath = { path: new Uint8Array() }

/** The content of a file C4. */
export const PrivateKeyDescription: Codec<PrivateKeyDescription> = firstOf(
  mapped(choice({ rsa: tlv(0x30, privateKey), ec: tlv(0xa0, privateKey), aes: tlv(0xa8, secretKey) }), {
    write({ kind, bits, subject, label, flags, authId, id, usage, accessFlags, keyReference }) {
      const object = { label, flags, authId }
      const key = { id, usage, accessFlags, keyReference }
      if (kind === 'aes') return { kind, value: { object, key, bits, type: { path: noPath } } }
      return { kind, value: { object, key, subject, type: { path: noPath, bits } } }
    },
    read(found): PrivateKeyDescription {
      const { object, key } = found.value
      if (found.kind === 'aes') return { kind: found.kind, ...object, ...key, bits: found.value.bits }
      const { type, subject } = found.value
      return { kind: found.kind, ...object, ...key, ...(subject && { subject }), bits: type.bits }
    },
  }),
)
