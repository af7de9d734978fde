/**
 * ECDSA over hashes, and ECDH with both coordinates: what `node:crypto` does not offer.
 *
 * The arithmetic here is not constant-time: how long a signature takes tells something of the key. That is good enough for
 * an emulated card, and for nothing else.
 *
 * @see FIPS 186-5, 6.4.1; Okeya and Sakurai, "Efficient Elliptic Curve Cryptosystems from a Scalar Multiplication
 *   Algorithm with Recovery of the y-Coordinate on a Montgomery-Form Elliptic Curve" (CHES 2001), in its Weierstrass form
 * @module
 */
import { createECDH, createPublicKey, diffieHellman, type ECDH, type KeyObject, sign } from 'node:crypto'
import {
  type Curve,
  EcdsaSignature,
  fromNumber,
  inverse,
  type KeyMaterial,
  materialOfPrivateKey,
  modulo,
  privateKeyOfMaterial,
  subjectPublicKeyInfo,
  toNumber,
} from '@keytether/card'
import { concat, encode } from '@keytether/codec'
import { type Outcome, type Refusal, unlessRefused } from './outcome.ts'
import { type EcPrivateKey, keyOf } from './private-key.ts'

export function signEcdsa({ object }: EcPrivateKey, hash: string, message: Uint8Array): Outcome {
  return new Uint8Array(sign(hash, message, object))
}

/** Longest hash that is taken: SHA-512, or as long as the longest field, to which some hosts fill it up. */
const longestHash = 66

/** A DER signature over a hash. */
export function signEcdsaHash(key: EcPrivateKey, hash: Uint8Array): Outcome {
  if (hash.length < 1 || hash.length > longestHash) return 'wrongLength'
  const { d, n, nBits, nonce } = scalars(key)
  const surplus = 8 * hash.length - nBits
  const z = surplus > 0 ? toNumber(hash) >> BigInt(surplus) : toNumber(hash)
  for (;;) {
    const point = nonce.generateKeys()
    const r = toNumber(point.subarray(1, (point.length + 1) / 2)) % n
    const s = (inverse(toNumber(nonce.getPrivateKey()), n) * ((z + r * d) % n)) % n
    if (r !== 0n && s !== 0n) return encode(EcdsaSignature, { r, s })
  }
}

/** d·P as 04 ‖ X ‖ Y. */
export function agree(key: EcPrivateKey, point: Uint8Array): Outcome {
  const peer = peerKey(key.curve, point)
  if (typeof peer === 'string') return peer
  const shared = sharedX(key.object, peer)
  const size = shared.length
  const { p, a, b } = fieldOf(key.curve)
  const x = toNumber(point.subarray(1, 1 + size))
  const y = toNumber(point.subarray(1 + size))
  const x1 = toNumber(shared)
  // Of d·P and (d + 1)·P, OpenSSL gives the X each; with P itself that is enough for the Y.
  const x2 = toNumber(sharedX(scalars(key).next, peer))
  const difference = x - x1
  const twiceYY1 = (x * x1 + a) * (x + x1) + 2n * b - x2 * difference * difference
  const y1 = modulo(modulo(twiceYY1, p) * inverse(2n * y, p), p)
  return concat(Uint8Array.of(0x04), fromNumber(x1, size), fromNumber(y1, size))
}

/** X of d·P, of field size. The point must be 04 ‖ x ‖ y. */
export function agreeX(key: EcPrivateKey, point: Uint8Array): Outcome {
  const peer = peerKey(key.curve, point)
  return typeof peer === 'string' ? peer : sharedX(key.object, peer)
}

/** The key d + parameter mod n, the parameter being a big-endian number of any length; undefined if that is 0. */
export function derivedKey(key: EcPrivateKey, parameter: Uint8Array): EcPrivateKey | undefined {
  const { d, n } = scalars(key)
  const sum = (d + toNumber(parameter)) % n
  if (sum === 0n) return undefined
  return keyOf(keyOfNumber(key.curve, sum)) as EcPrivateKey
}

function keyOfNumber({ nodeName, domain }: Curve, value: bigint): KeyObject {
  const d = fromNumber(value, domain.n.length)
  const ecdh = createECDH(nodeName)
  ecdh.setPrivateKey(d)
  return privateKeyOfMaterial({ kind: 'ec', domain, d, q: ecdh.getPublicKey() })
}

/** Half the time of `ECDH.computeSecret`, which checks the whole key pair at each call. */
function sharedX(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  return new Uint8Array(diffieHellman({ privateKey, publicKey }))
}

/** The point as a key; OpenSSL checks that it is on the curve. */
function peerKey(curve: Curve, point: Uint8Array): KeyObject | Refusal {
  if (point.length !== 1 + 2 * Math.ceil(curve.bits / 8)) return 'wrongLength'
  if (point[0] !== 0x04) return 'wrongData'
  const spki = concat(fieldOf(curve).prefix, point)
  return unlessRefused(() => createPublicKey({ key: Buffer.from(spki.buffer), format: 'der', type: 'spki' }))
}

interface Scalars {
  readonly d: bigint
  readonly n: bigint
  readonly nBits: number
  /** The key d + 1. */
  readonly next: KeyObject
  /** Makes the random numbers of signatures. */
  readonly nonce: ECDH
}

/** Made when first needed: it takes longer than a signature. */
const made = new WeakMap<EcPrivateKey, Scalars>()

function scalars(key: EcPrivateKey): Scalars {
  const known = made.get(key)
  if (known) return known
  const { nodeName, domain } = key.curve
  const d = toNumber((materialOfPrivateKey(key.object) as KeyMaterial & { kind: 'ec' }).d)
  const n = toNumber(domain.n)
  const next = keyOfNumber(key.curve, d + 1n)
  const fresh = { d, n, nBits: n.toString(2).length, next, nonce: createECDH(nodeName) }
  made.set(key, fresh)
  return fresh
}

interface Field {
  readonly p: bigint
  readonly a: bigint
  readonly b: bigint
  /** Of a SubjectPublicKeyInfo: all that comes before the point. */
  readonly prefix: Uint8Array
}

const fields = new WeakMap<Curve, Field>()

function fieldOf(curve: Curve): Field {
  const known = fields.get(curve)
  if (known) return known
  const { p, a, b, g } = curve.domain
  const spki = subjectPublicKeyInfo({ kind: 'ec', oid: new Uint8Array(), domain: curve.domain, q: g })
  const field = { p: toNumber(p), a: toNumber(a), b: toNumber(b), prefix: spki.subarray(0, spki.length - g.length) }
  fields.set(curve, field)
  return field
}
