/** A self-signed X.509 certificate for a key that is on a card. */
import { ascii, bytes, concat, encode, fromHex, tlv, u8 } from '@keytether/codec'

const sequence = (...parts: Uint8Array[]) => encode(tlv(0x30, bytes()), concat(...parts))
const set = (...parts: Uint8Array[]) => encode(tlv(0x31, bytes()), concat(...parts))
const time = (text: string) => encode(tlv(0x17, ascii()), text)

const ecdsaWithSha256 = sequence(fromHex('06082A8648CE3D040302'))
const commonName = fromHex('0603550403')

/**
 * DER.
 *
 * @param publicKey SubjectPublicKeyInfo
 * @param sign makes the ECDSA signature with SHA-256, DER, over the message
 */
export async function selfSigned(
  name: string,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const subject = sequence(set(sequence(commonName, encode(tlv(0x0c, ascii()), name))))
  const serialNumber = encode(tlv(0x02, u8), 1)
  const validity = sequence(time('250101000000Z'), time('450101000000Z'))
  const version3 = encode(tlv(0xa0, tlv(0x02, u8)), 2)
  const toBeSigned = sequence(version3, serialNumber, ecdsaWithSha256, subject, validity, subject, publicKey)
  const signature = encode(tlv(0x03, bytes()), concat(Uint8Array.of(0), await sign(toBeSigned)))
  return sequence(toBeSigned, ecdsaWithSha256, signature)
}
