/**
 * X.509 certificates and lists of revoked ones, as far as is needed to know who shows one.
 *
 * @see RFC 5280, 4.1, 5.1
 * @module
 */
import { anyTlv, ascii, bytes, optional, sequenceOf, type TypeOf, tlv, tlvs, withRaw } from '@keytether/codec'

const sequence = tlv(0x30, bytes())
const integer = tlv(0x02, bytes({ min: 1, max: 32 }))
const identifier = tlv(0x06, bytes({ min: 1, max: 64 }))
const bits = tlv(0x03, bytes({ min: 1 }))
/** In two centuries and in all of them. */
const utcTime = tlv(0x17, ascii({ max: 32 }))
const generalizedTime = tlv(0x18, ascii({ max: 32 }))
/** An algorithm, of which the parameters of those that are taken here say nothing. */
const algorithm = withRaw(tlv(0x30, tlvs({ id: identifier }, { unknown: 'ignore' })))

const extension = tlv(
  0x30,
  tlvs({ id: identifier, critical: optional(tlv(0x01, bytes(1))), value: tlv(0x04, bytes()) }),
)
const extensions = tlv(0x30, sequenceOf(extension))
export type Extension = TypeOf<typeof extension>

export const Certificate = tlv(
  0x30,
  tlvs({
    content: tlv(
      0x30,
      tlvs({
        version: optional(tlv(0xa0, bytes())),
        serial: integer,
        algorithm,
        issuer: sequence,
        validity: sequence,
        subject: sequence,
        publicKey: sequence,
        issuerId: optional(tlv(0x81, bytes())),
        subjectId: optional(tlv(0x82, bytes())),
        extensions: optional(tlv(0xa3, extensions)),
      }),
    ),
    algorithm,
    signature: bits,
  }),
)

const revoked = tlv(
  0x30,
  tlvs({
    serial: integer,
    utcTime: optional(utcTime),
    generalizedTime: optional(generalizedTime),
    extensions: optional(extensions),
  }),
)

export const CertificateList = tlv(
  0x30,
  tlvs({
    content: withRaw(
      tlv(
        0x30,
        tlvs({
          version: optional(integer),
          algorithm,
          issuer: sequence,
          // This update and the next one, each in one of two forms; they come in this order.
          time1: optional(utcTime),
          time2: optional(generalizedTime),
          time3: optional(utcTime),
          time4: optional(generalizedTime),
          revoked: optional(tlv(0x30, sequenceOf(revoked))),
          extensions: optional(tlv(0xa0, extensions)),
        }),
      ),
    ),
    algorithm,
    signature: bits,
  }),
)

export const KeyUsage = bits
export const ExtendedKeyUsage = tlv(0x30, sequenceOf(identifier))

const names = { 129: 'email', 130: 'dns', 134: 'uri' } as const

/** Alternative names of these kinds; the others are passed over. */
export const AlternativeNames = tlv(0x30, sequenceOf(anyTlv))

export function alternativeName({ tag, value }: TypeOf<typeof anyTlv>): string | undefined {
  const kind = names[tag as keyof typeof names] as (typeof names)[keyof typeof names] | undefined
  const text = new TextDecoder('latin1').decode(value)
  // Nobody is known by a name that could be mistaken for another one.
  if (kind === undefined || !/^[\x21-\x7e]+$/.test(text)) return undefined
  return `${kind}:${kind === 'dns' ? text.toLowerCase() : text}`
}

/** @see RFC 5280, 4.1.2.5 */
export function timeOf(utc: string | undefined, generalized: string | undefined): number | undefined {
  const [, short, rest] = /^(\d\d)(\d{10})Z$/.exec(utc ?? '') ?? []
  const digits =
    short === undefined ? /^(\d{14})Z$/.exec(generalized ?? '')?.[1] : `${Number(short) < 50 ? 20 : 19}${short}${rest}`
  const iso = digits?.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z')
  const at = Date.parse(iso ?? '')
  return Number.isNaN(at) ? undefined : at
}

/** What signs certificates and lists here, by object identifier in hexadecimal, and with what hash. What is weak is not taken. */
export const signatureAlgorithms: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  // Ed25519 and Ed448 hash by themselves.
  '2b6570': null,
  '2b6571': null,
}
