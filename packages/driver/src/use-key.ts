/** Use of private keys: one command for each operation. */
import { algorithm, Decipher, EcdsaSignature, Sign } from '@keytether/card'
import { concat, DecodeError, decode, encode } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { xCoordinate } from './key-info.ts'
import { call, type Link } from './link.ts'
import { expectOk, ofKey } from './outcome.ts'
import { digestInfo, pkcs1Signature, removeOaep, removePkcs1 } from './padding.ts'
import type { DecryptionScheme, KeyInfo, SignatureScheme } from './types.ts'

/** The longest answer of any key: an RSA block of 4096 bits. */
const longest = 512

export async function sign(link: Link, reference: number, id: number, input: Uint8Array): Promise<Uint8Array> {
  const le = isEc(id) ? 0x100 : longest
  const [outcome] = await link.run([call(Sign, { key: reference, algorithm: id }, input, { le })])
  const signature = expectOk(outcome, `sign with key ${reference}`, ofKey)
  return isEc(id) ? shortest(signature) : signature
}

function isEc(id: number): boolean {
  return id >= algorithm.ecdsa
}

/** The same signature in DER: some cards put more zeros in front of r and s than there should be. */
function shortest(signature: Uint8Array): Uint8Array {
  try {
    return encode(EcdsaSignature, decode(EcdsaSignature, signature, { lengths: 'any' }))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DriverError('MALFORMED', 'sign: the answer is no ECDSA signature', { cause: error })
  }
}

/**
 * Signs a hash. RSA recognises the hash function by the length of the hash.
 *
 * @throws RangeError if the scheme is not one for the key, or the length not that of a hash
 */
export async function signHash(
  link: Link,
  key: KeyInfo,
  scheme: SignatureScheme,
  hash: Uint8Array,
): Promise<Uint8Array> {
  const type = scheme === 'ECDSA' ? 'EC' : 'RSA'
  if (key.kind !== type) throw new RangeError(`${scheme} needs an ${type} key, ${key.label} is an ${key.kind} key`)
  if (scheme === 'ECDSA') {
    if (hash.length === 0) throw new RangeError('wanted a hash, got no bytes')
    return sign(link, key.reference, algorithm.ecdsa, hash)
  }
  const info = digestInfo(hash)
  if (scheme === 'RSA_PSS') return sign(link, key.reference, algorithm.rsaPss, hash)
  // Padding here and not on the card is what works with all of them; a key may be restricted to the other way.
  return allows(key, algorithm.rsaRaw) || !allows(key, algorithm.rsaPkcs1)
    ? sign(link, key.reference, algorithm.rsaRaw, pkcs1Signature(info, modulusLength(key)))
    : sign(link, key.reference, algorithm.rsaPkcs1, info)
}

function allows(key: KeyInfo, id: number): boolean {
  return key.algorithms.length === 0 || key.algorithms.includes(id)
}

function modulusLength(key: KeyInfo): number {
  if (key.bits === 0) throw new RangeError(`the length of the modulus of key ${key.reference} is not known`)
  return Math.ceil(key.bits / 8)
}

export async function decipher(link: Link, reference: number, id: number, input: Uint8Array): Promise<Uint8Array> {
  const [outcome] = await link.run([
    call(Decipher, { key: reference, algorithm: id }, input, { le: isEc(id) ? 0x100 : longest }),
  ])
  return expectOk(outcome, `decipher with key ${reference}`, ofKey)
}

/**
 * Decrypts an RSA cryptogram. What is wrong with one is not told, since that would help whoever probes for it.
 *
 * @throws RangeError if the key is not an RSA key, or the cryptogram not as long as its modulus
 */
export async function decrypt(
  link: Link,
  key: KeyInfo,
  scheme: DecryptionScheme,
  cryptogram: Uint8Array,
): Promise<Uint8Array> {
  if (key.kind !== 'RSA') throw new RangeError(`wanted an RSA key, ${key.label} is an ${key.kind} key`)
  if (cryptogram.length !== modulusLength(key)) {
    throw new RangeError(`wanted a cryptogram of ${modulusLength(key)} bytes, got ${cryptogram.length}`)
  }
  if (!allows(key, algorithm.rsaRawDecipher)) return decryptOnCard(link, key, scheme, cryptogram)
  const block = await decipher(link, key.reference, algorithm.rsaRawDecipher, cryptogram)
  // The card may leave out zeros at the front.
  if (block.length > cryptogram.length)
    throw new DriverError('MALFORMED', 'decipher: the answer is longer than the modulus')
  const padded = concat(new Uint8Array(cryptogram.length - block.length), block)
  const plain =
    scheme.kind === 'PKCS1' ? removePkcs1(padded) : removeOaep(padded, scheme.hash ?? 'sha256', scheme.label)
  if (plain === undefined)
    throw new DriverError('WRONG_DATA', `decipher with key ${key.reference}: the padding is wrong`)
  return plain
}

/** For keys that allow nothing else; the card's OAEP is that with SHA-256 and no label. */
async function decryptOnCard(link: Link, key: KeyInfo, scheme: DecryptionScheme, cryptogram: Uint8Array) {
  if (scheme.kind === 'PKCS1') return decipher(link, key.reference, algorithm.rsaPkcs1Decipher, cryptogram)
  if ((scheme.hash ?? 'sha256') !== 'sha256' || (scheme.label?.length ?? 0) > 0) {
    throw new DriverError('ALGORITHM_NOT_ALLOWED', `key ${key.reference} allows OAEP with SHA-256 and no label only`)
  }
  return decipher(link, key.reference, algorithm.rsaOaepDecipher, cryptogram)
}

/** The shared secret: X of the shared point, as long as the field. */
export async function ecdh(link: Link, key: KeyInfo, point: Uint8Array): Promise<Uint8Array> {
  if (key.kind !== 'EC') throw new RangeError(`wanted an EC key, ${key.label} is an ${key.kind} key`)
  if (point[0] !== 0x04 || point.length % 2 !== 1 || point.length < 3) throw new RangeError('wanted a point 04 ‖ x ‖ y')
  const shared = await decipher(link, key.reference, algorithm.ecdh, point)
  if (shared[0] === 0x04 && shared.length === point.length) return xCoordinate(shared)
  // Some cards leave out y.
  if (shared[0] === 0x04 && shared.length === (point.length + 1) / 2) return shared.slice(1)
  throw new DriverError('MALFORMED', `ECDH with key ${key.reference}: the answer is no point of the curve`)
}
