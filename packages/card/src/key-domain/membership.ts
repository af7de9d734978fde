/**
 * Membership of a device in a group whose members share a key domain without shares of its key: the holder of the group
 * signer's key vouches for the device. The group is known by that key.
 *
 * @module
 */
import {
  always,
  bytes,
  concat,
  DecodeError,
  decode,
  encode,
  equal,
  fromHex,
  type TypeOf,
  tlv,
  tlvs,
} from '@keytether/codec'
import { AuthenticatedRequest, Certificate, type CertificateBody } from '../cvc/certificate.ts'
import { type EcPublicKey, keyAlgorithm } from '../cvc/public-key.ts'
import { verifyWith } from '../cvc/verify.ts'

/** Tag of the signature, and the first byte of what it is over. */
const signatureTag = 0x54

export const membershipSignature = tlv(signatureTag, bytes({ min: 1, max: 1024 }))

/** 1.3.6.1.4.1.24991.4.2.1 */
const type = tlv(0x06, always(0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0xc3, 0x1f, 0x04, 0x02, 0x01))

/** The file that a member gets: the signature, and what shows that the group signer's key is in a genuine device. */
export const KeyDomainMembership = tlv(
  0x30,
  tlvs({
    type,
    issuer: tlv(0x61, Certificate),
    device: tlv(0x62, Certificate),
    /** Of the group signer's key, by that device. */
    request: tlv(0x63, AuthenticatedRequest),
    /** r ‖ s of ECDSA with SHA-256 over `membershipMessage`. */
    signature: membershipSignature,
  }),
)
export type KeyDomainMembership = TypeOf<typeof KeyDomainMembership>

/** What the group signer signs for a device: X of the key in its certificate. */
export function membershipMessage({ q }: EcPublicKey): Uint8Array {
  return concat(Uint8Array.of(signatureTag), q.subarray(1, (q.length + 1) / 2))
}

const ecdsaSha256 = fromHex(keyAlgorithm.ecdsaSha256)

/** Whether the group signer vouches for the device. */
export function verifyMembership(signer: EcPublicKey, deviceKey: EcPublicKey, signature: Uint8Array): boolean {
  return verifyWith(signer, membershipMessage(deviceKey), signature, ecdsaSha256)
}

/** What a group and its key domains are known by: the group signer's key without the 04 at its front. */
export function groupUid({ q }: EcPublicKey): Uint8Array {
  return q.slice(1)
}

/** 1.3.6.1.4.1.24991.3.2.2 */
const extension = fromHex('2b0601040181c31f030202')
const Uid = tlv(0x80, bytes({ min: 1, max: 132 }))

/** In the requests of keys that members agree on the domain's key with: which group they are for. */
export function groupExtension(uid: Uint8Array): NonNullable<CertificateBody['extensions']>[number] {
  return { oid: extension, content: encode(Uid, uid) }
}

/** The group that a key is for; undefined if it is for none. */
export function groupOf({ extensions = [] }: CertificateBody): Uint8Array | undefined {
  const found = extensions.find(({ oid }) => equal(oid, extension))
  try {
    return found && decode(Uid, found.content)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
