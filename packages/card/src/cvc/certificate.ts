/**
 * Card-verifiable certificates, and the requests that the card makes of its new keys.
 *
 * @see BSI TR-03110-3, C.1 and C.2
 * @module
 */
import {
  ascii,
  bytes,
  mapped,
  optional,
  sequenceOf,
  struct,
  type TypeOf,
  tlv,
  tlvs,
  u8,
  withRaw,
} from '@keytether/codec'
import { PublicKey } from './public-key.ts'

/** Who holds or issued a certificate: country, mnemonic and a sequence of five characters. */
export const reference = ascii({ min: 1, max: 16 })

/** A day as `YYYY-MM-DD`, 2000 to 2099: on the wire six bytes, one decimal digit each. */
const date = mapped(bytes(6), {
  write(day: string) {
    if (!isDay(day)) throw new RangeError(`wanted a day from 2000-01-01 to 2099-12-31, got ${day}`)
    return Uint8Array.from(day.slice(2).replaceAll('-', ''), Number)
  },
  read(digits, input) {
    const [y1, y2, m1, m2, d1, d2] = digits
    const day = `20${y1}${y2}-${m1}${m2}-${d1}${d2}`
    return isDay(day) ? day : input.fail('VALUE', `${[...digits].join(' ')} is no date`)
  },
})

function isDay(day: string): boolean {
  if (!/^20\d\d-\d\d-\d\d$/.test(day)) return false
  const time = Date.parse(day)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}

const objectIdentifier = tlv(0x06, bytes({ min: 1, max: 32 }))

/** What the signature covers. Objects that we do not know are passed over; they are still part of what is signed. */
export const CertificateBody = tlvs(
  {
    profile: tlv(0x5f29, u8),
    authorityReference: optional(tlv(0x42, reference)),
    publicKey: tlv(0x7f49, PublicKey),
    holderReference: tlv(0x5f20, reference),
    role: optional(tlv(0x7f4c, tlvs({ oid: objectIdentifier, flags: tlv(0x53, bytes({ min: 1, max: 16 })) }))),
    validFrom: optional(tlv(0x5f25, date)),
    validTo: optional(tlv(0x5f24, date)),
    /** An object identifier and what belongs to it: data objects, not interpreted. */
    extensions: optional(tlv(0x65, sequenceOf(tlv(0x73, struct({ oid: objectIdentifier, content: bytes() }))))),
  },
  { order: 'any', unknown: 'ignore' },
)
export type CertificateBody = TypeOf<typeof CertificateBody>

const signature = tlv(0x5f37, bytes({ min: 1, max: 1024 }))

/** The content of a certificate, which is how one is given to a card to verify. */
export const CertificateContent = tlvs({ body: withRaw(tlv(0x7f4e, CertificateBody)), signature })

/** The signature is over the complete data object `body`, tag and length included. */
export const Certificate = tlv(0x7f21, CertificateContent)
export type Certificate = TypeOf<typeof Certificate>

const outerReference = tlv(0x42, reference)

/** What the outer signature of an authenticated request covers: certificate and authority reference. */
export const AuthenticatedPart = struct({ certificate: withRaw(Certificate), authorityReference: outerReference })

/** For commands whose data goes on after them. */
export const requestObjects = { certificate: withRaw(Certificate), authorityReference: outerReference, signature }

/** The content of an authenticated request, which is how a key is registered for authentication. */
export const AuthenticatedRequestContent = tlvs(requestObjects)

/** A certificate that the new key has signed, with the reference of the device, signed by the device key. */
export const AuthenticatedRequest = tlv(0x67, AuthenticatedRequestContent)
export type AuthenticatedRequest = TypeOf<typeof AuthenticatedRequest>

/** Content of the file 2F02: the device's certificate, that of its issuer, and with some the root's. */
export const DeviceCertificates = sequenceOf(Certificate)
