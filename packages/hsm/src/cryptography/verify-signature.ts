/**
 * Whether a signature is good. OpenSSL, as `node:crypto` offers it, verifies messages only: it hashes what it is given. Of hashes,
 * signatures are verified here.
 *
 * @see SEC 1, 4.1.4 (ECDSA); RFC 8017, 8.2.2 (PKCS #1 v1.5) and 9.1.2 (PSS)
 * @module
 */
import { constants, createECDH, createHash, type KeyObject, publicDecrypt, timingSafeEqual, verify } from 'node:crypto'
import {
  curveOf,
  derivedPublicKey,
  type EcdsaSignature,
  type EcPublicKey,
  fromNumber,
  hashFunctions,
  inverse,
  type PublicKey,
  publicKeyObject,
  toNumber,
} from '@keytether/card'
import { concat, equal } from '@keytether/codec'
import type { SignatureMethod } from './signature-algorithms.ts'

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
const objects = new WeakMap<PublicKey, KeyObject>()

function objectOf(key: PublicKey): KeyObject {
  const known = objects.get(key)
  if (known !== undefined) return known
  const object = publicKeyObject(key)
  objects.set(key, object)
  return object
}

/** @param signature DER, or as long as the modulus */
export function verifyMessage(
  key: PublicKey,
  { scheme, hash }: SignatureMethod,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const pss = scheme === 'RSA_PSS' && { padding: RSA_PKCS1_PSS_PADDING, saltLength }
  return verify(hash, message, { key: objectOf(key), ...pss }, signature)
}

/** @param key with its domain parameters, if it is an EC key */
export function verifyEcdsa(key: EcPublicKey, hash: Uint8Array, { r, s }: EcdsaSignature): boolean {
  const curve = key.domain && curveOf(key.domain)
  if (curve === undefined) return false
  const n = toNumber(curve.domain.n)
  if (r < 1n || r >= n || s < 1n || s >= n) return false
  // The point e/s·G + r/s·Q is r/s·(Q + e/r·G): a sum with a multiple of G, and a multiple of which only X is wanted. Both are
  // what OpenSSL computes for key agreement.
  const e = leftmost(hash, bitLength(n))
  const size = curve.domain.n.length
  const sum = derivedPublicKey(curve, key.q, fromNumber((e * inverse(r, n)) % n, size))
  if (sum === undefined) return false
  const ecdh = createECDH(curve.nodeName)
  ecdh.setPrivateKey(fromNumber((r * inverse(s, n)) % n, size))
  return toNumber(new Uint8Array(ecdh.computeSecret(sum))) % n === r
}

function leftmost(hash: Uint8Array, bits: number): bigint {
  const surplus = 8 * hash.length - bits
  return surplus > 0 ? toNumber(hash) >> BigInt(surplus) : toNumber(hash)
}

function bitLength(number: bigint): number {
  return number.toString(2).length
}

export function verifyRsa(
  key: PublicKey,
  { scheme, hash: name }: SignatureMethod,
  hash: Uint8Array,
  signature: Uint8Array,
) {
  const object = objectOf(key)
  const padding = scheme === 'RSA_PKCS1' ? RSA_PKCS1_PADDING : RSA_NO_PADDING
  let block: Uint8Array
  try {
    block = new Uint8Array(publicDecrypt({ key: object, padding }, signature))
  } catch {
    return false
  }
  if (scheme === 'RSA_PSS') return isPss(block, object.asymmetricKeyDetails!.modulusLength!, name, hash)
  return equal(block, concat(hashFunctions.find(one => one.name === name)!.digestInfoPrefix, hash))
}

/** @param block as long as the modulus, whose encoded message has a bit less */
function isPss(block: Uint8Array, modulusBits: number, name: string, hash: Uint8Array): boolean {
  const bits = modulusBits - 1
  const message = block.subarray(block.length - Math.ceil(bits / 8))
  const h = message.subarray(-hash.length - 1, -1)
  const maskedDb = message.subarray(0, -hash.length - 1)
  if (maskedDb.length < hash.length + 1 || message.at(-1) !== 0xbc) return false
  const db = masked(maskedDb, h, name)
  db[0]! &= 0xff >> (8 * message.length - bits)
  const zeros = db.length - hash.length - 1
  if (db.subarray(0, zeros).some(byte => byte !== 0) || db[zeros] !== 0x01) return false
  const salt = db.subarray(zeros + 1)
  const expected = createHash(name).update(new Uint8Array(8)).update(hash).update(salt).digest()
  return timingSafeEqual(expected, h)
}

/** The bytes with the mask that MGF1 makes of the seed. */
function masked(bytes: Uint8Array, seed: Uint8Array, name: string): Uint8Array {
  const { size } = hashFunctions.find(one => one.name === name)!
  const mask = Array.from({ length: Math.ceil(bytes.length / size) }, (_, counter) =>
    createHash(name)
      .update(seed)
      .update(Uint8Array.of(0, 0, 0, counter))
      .digest(),
  )
  return concat(...mask)
    .subarray(0, bytes.length)
    .map((byte, at) => byte ^ bytes[at]!)
}
