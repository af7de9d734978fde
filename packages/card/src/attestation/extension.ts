/**
 * The extension by which the request of a key names the key domain that the key was made in.
 *
 * @module
 */
import { bytes, decode, equal, fromHex, type TypeOf, tlv, tlvs } from '@keytether/codec'
import type { CertificateBody } from '../cvc/certificate.ts'

/** 1.3.6.1.4.1.24991.3.2.2, in CardContact's arc. */
export const keyDomainExtension = fromHex('2b0601040181c31f030202')

/** X ‖ Y of the group signer's key. */
export const KeyDomainUid = tlvs({ uid: tlv(0x80, bytes({ min: 1, max: 256 })) })
export type KeyDomainUid = TypeOf<typeof KeyDomainUid>

/**
 * The domain's identifier, if the key was made in a domain of devices that agree on its key.
 *
 * @throws DecodeError if the extension is there and cannot be read
 */
export function keyDomainUid({ extensions }: CertificateBody): Uint8Array | undefined {
  const extension = extensions?.find(({ oid }) => equal(oid, keyDomainExtension))
  return extension && decode(KeyDomainUid, extension.content).uid
}
