/**
 * Key material as keys of `node:crypto`, and back.
 *
 * @see RFC 8017, A.1.2 (RSAPrivateKey); RFC 5915, 3 (ECPrivateKey); NIST SP 800-56B Rev. 2, C.2 (primes out of an exponent)
 * @module
 */
import { createECDH, createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto'
import { always, bytes, DecodeError, decode, encode, equal, optional, struct, tlv, tlvs } from '@keytether/codec'
import { curveOf, curves } from '../cvc/curves.ts'
import { objectIdentifier, positive, unsigned, withoutSign } from '../cvc/key-object.ts'
import { fromNumber, greatestDivisor, inverse, modulo, squareRoot, toNumber } from '../numbers.ts'
import type { KeyMaterial } from './key-material.ts'

const RsaPrivateKey = tlv(
  0x30,
  struct({
    version: tlv(0x02, always(0x00)),
    n: unsigned,
    e: unsigned,
    d: unsigned,
    p: unsigned,
    q: unsigned,
    dp: unsigned,
    dq: unsigned,
    qInv: unsigned,
  }),
)

const EcPrivateKey = tlv(
  0x30,
  tlvs({
    version: tlv(0x02, always(0x01)),
    d: tlv(0x04, bytes()),
    curve: optional(tlv(0xa0, tlv(0x06, bytes()))),
    q: optional(tlv(0xa1, tlv(0x03, struct({ unusedBits: always(0x00), content: bytes() })))),
  }),
)

/** @throws DecodeError if the numbers do not belong together, or the curve is not one of the card's */
export function privateKeyOfMaterial(material: KeyMaterial): KeyObject {
  if (material.kind === 'aes') return createSecretKey(material.key)
  if (material.kind === 'ec') return ecKey(material)
  const [n, e] = [toNumber(material.n), toNumber(material.e)]
  const [p, q] =
    material.kind === 'rsa' ? primesOf(n, e, toNumber(material.d)) : [toNumber(material.p), toNumber(material.q)]
  return rsaKey(n, e, p, q)
}

/** Beyond that, the numbers of the Chinese remainder theorem do not fit into an APDU of the card; its exponent does. */
const longestWithCrt = 2048

/** @throws RangeError if it is no key that a card can have, or not private */
export function materialOfPrivateKey(key: KeyObject): KeyMaterial {
  if (key.type === 'secret') return { kind: 'aes', key: new Uint8Array(key.export()) }
  if (key.asymmetricKeyType === 'rsa') {
    const read = decode(RsaPrivateKey, key.export({ format: 'der', type: 'pkcs1' }))
    const { n, e, d, p, q, dp, dq, qInv } = mapValues(read, withoutSign)
    if (8 * n.length > longestWithCrt) return { kind: 'rsa', n, e, d }
    return { kind: 'rsaCrt', n, e, p, q, dp, dq, qInv }
  }
  const curve = curves.find(({ nodeName }) => nodeName === key.asymmetricKeyDetails?.namedCurve)
  if (key.type !== 'private' || curve === undefined) {
    throw new RangeError(`wanted an RSA key, an AES key, or one on a curve of the card, got ${key.asymmetricKeyType}`)
  }
  const { d, q } = decode(EcPrivateKey, key.export({ format: 'der', type: 'sec1' }))
  return { kind: 'ec', domain: curve.domain, d, q: q?.content ?? pointOf(curve.nodeName, d) }
}

function mapValues<T extends Record<string, Uint8Array>>(values: T, change: (value: Uint8Array) => Uint8Array): T {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)])) as T
}

function ecKey({ domain, d, q }: KeyMaterial & { kind: 'ec' }): KeyObject {
  const curve = curveOf(domain)
  if (curve === undefined) throw wrong('domain parameters of no known curve')
  const scalar = toNumber(d)
  if (scalar < 1n || scalar >= toNumber(curve.domain.n)) throw wrong('the private number is out of range')
  const padded = fromNumber(scalar, curve.domain.n.length)
  if (!equal(pointOf(curve.nodeName, padded), q)) throw wrong('private number and public point do not belong together')
  const sec1 = encode(EcPrivateKey, { d: padded, curve: objectIdentifier(curve.oid), q: { content: q } })
  return createPrivateKey({ key: Buffer.from(sec1), format: 'der', type: 'sec1' })
}

function pointOf(nodeName: string, d: Uint8Array): Uint8Array {
  const ecdh = createECDH(nodeName)
  ecdh.setPrivateKey(d)
  return new Uint8Array(ecdh.getPublicKey())
}

/** The private exponents are computed: what comes with a key need not be right, and a wrong one gives the key away. */
function rsaKey(n: bigint, e: bigint, p: bigint, q: bigint): KeyObject {
  if (p <= 1n || q <= 1n || p * q !== n) throw wrong('the primes do not make the modulus')
  const lambda = ((p - 1n) * (q - 1n)) / greatestDivisor(p - 1n, q - 1n)
  if (e < 3n || greatestDivisor(e, lambda) !== 1n) throw wrong('the public exponent has no private one')
  const d = inverse(e, lambda)
  const numbers = { n, e, d, p, q, dp: modulo(d, p - 1n), dq: modulo(d, q - 1n), qInv: inverse(q, p) }
  const pkcs1 = mapValues(
    Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, fromNumber(value)])) as Record<
      keyof typeof numbers,
      Uint8Array
    >,
    positive,
  )
  return createPrivateKey({ key: Buffer.from(encode(RsaPrivateKey, pkcs1)), format: 'der', type: 'pkcs1' })
}

/** The larger first. */
function primesOf(n: bigint, e: bigint, d: bigint): readonly [bigint, bigint] {
  const multiple = d * e - 1n
  if (n < 1n || multiple < 1n) throw wrong('the exponents do not belong to the modulus')
  const a = multiple * greatestDivisor(n - 1n, multiple)
  const [m, r] = [a / n, a % n]
  const sum = (n - r) / (m + 1n) + 1n
  const square = sum * sum - 4n * n
  if (square < 0n) throw wrong('the exponents do not belong to the modulus')
  const difference = squareRoot(square)
  const [p, q] = [(sum + difference) / 2n, (sum - difference) / 2n]
  if (p * q !== n) throw wrong('the exponents do not belong to the modulus')
  return [p, q]
}

function wrong(message: string): DecodeError {
  return new DecodeError('VALUE', message, 0)
}
