/**
 * Public keys for `node:crypto`, and for whoever wants X.509's form of them.
 *
 * @see RFC 5280, 4.1.2.7; RFC 5480, 2; RFC 8017, A.1.1
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { always, bytes, concat, DecodeError, decode, encode, equal, fromHex, struct, tlv } from '@keytether/codec'
import { curveOf, curves } from './curves.ts'
import { keyAlgorithm, type PublicKey } from './public-key.ts'

const bitString = tlv(0x03, struct({ unusedBits: always(0x00), content: bytes() }))
export const unsigned = tlv(0x02, bytes({ min: 1 }))

/** 1.2.840.10045.2.1 */
const ecPublicKey = tlv(0x06, always(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01))
const EcInfo = tlv(
  0x30,
  struct({ algorithm: tlv(0x30, struct({ type: ecPublicKey, curve: tlv(0x06, bytes()) })), key: bitString }),
)

/** 1.2.840.113549.1.1.1 */
const rsaEncryption = tlv(0x06, always(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01))
const RsaInfo = tlv(
  0x30,
  struct({ algorithm: tlv(0x30, struct({ type: rsaEncryption, parameters: tlv(0x05, always()) })), key: bitString }),
)
const RsaKey = tlv(0x30, struct({ n: unsigned, e: unsigned }))

/**
 * SubjectPublicKeyInfo, DER, with the curve by its name.
 *
 * @throws DecodeError if the domain parameters are absent, or those of no curve that we know
 */
export function subjectPublicKeyInfo(key: PublicKey): Uint8Array<ArrayBuffer> {
  if (key.kind === 'rsa') {
    const content = encode(RsaKey, { n: positive(key.n), e: positive(key.e) })
    return encode(RsaInfo, { algorithm: {}, key: { content } })
  }
  // Explicit parameters never reach OpenSSL: a base point of the sender's choice would let it forge signatures.
  const curve = key.domain && curveOf(key.domain)
  if (curve === undefined) throw new DecodeError('VALUE', 'domain parameters of no known curve', 0)
  return encode(EcInfo, { algorithm: { curve: objectIdentifier(curve.oid) }, key: { content: key.q } })
}

/**
 * The key of a SubjectPublicKeyInfo. It names no hash; that of the object identifier is SHA-256.
 *
 * @throws DecodeError if it is not DER, not an RSA or elliptic curve key, or on a curve that the card does not have
 */
export function publicKeyOf(spki: Uint8Array): PublicKey {
  try {
    const { key } = decode(RsaInfo, spki)
    const { n, e } = decode(RsaKey, key.content)
    return { kind: 'rsa', oid: fromHex(keyAlgorithm.rsaSha256), n: withoutSign(n), e: withoutSign(e) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
  const { algorithm, key } = decode(EcInfo, spki)
  const curve = curves.find(({ oid }) => equal(objectIdentifier(oid), algorithm.curve))
  if (curve === undefined) throw new DecodeError('VALUE', 'a key on no known curve', 0)
  return { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain: curve.domain, q: key.content }
}

/**
 * @throws DecodeError if the key is none: not on its curve, or no RSA key
 */
export function publicKeyObject(key: PublicKey): KeyObject {
  const spki = subjectPublicKeyInfo(key)
  try {
    return createPublicKey({ key: Buffer.from(spki.buffer), format: 'der', type: 'spki' })
  } catch {
    throw new DecodeError('VALUE', key.kind === 'ec' ? 'public point is not on its curve' : 'not an RSA key', 0)
  }
}

/** The number as the value of an INTEGER, which would be negative if the first bit were set. */
export function positive(number: Uint8Array): Uint8Array {
  const first = number.findIndex(byte => byte !== 0)
  const trimmed = number.subarray(first < 0 ? number.length : first)
  return (trimmed[0] ?? 0x80) < 0x80 ? trimmed : concat(Uint8Array.of(0), trimmed)
}

/** The number without the zero byte that keeps an INTEGER positive. */
export function withoutSign(number: Uint8Array): Uint8Array {
  return number.length > 1 && number[0] === 0 ? number.subarray(1) : number
}

/** The value of an OBJECT IDENTIFIER: the first two arcs in one, each arc in groups of seven bits. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]]
  return Uint8Array.from([40 * first + second, ...rest].flatMap(base128))
}

function base128(arc: number): number[] {
  const groups = [arc & 0x7f]
  for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift(0x80 | (left & 0x7f))
  return groups
}
