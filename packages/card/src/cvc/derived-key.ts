/**
 * The public key of a derived key: of one whose private number is the sum of another and a number that is known.
 *
 * @module
 */
import { createECDH } from 'node:crypto'
import { concat } from '@keytether/codec'
import { fromNumber, inverse, modulo, toNumber } from '../numbers.ts'
import type { Curve } from './curves.ts'

/**
 * @param q the public key, 04 ‖ x ‖ y
 * @param parameter what DERIVE KEY was given, a big-endian number
 * @returns 04 ‖ x ‖ y; undefined if the private number would be zero
 */
export function derivedPublicKey({ nodeName, domain }: Curve, q: Uint8Array, parameter: Uint8Array) {
  const n = toNumber(domain.n)
  const factor = toNumber(parameter) % n
  if (factor === 0n) return q
  const ecdh = createECDH(nodeName)
  ecdh.setPrivateKey(fromNumber(factor, domain.n.length))
  return sum(toNumber(domain.p), toNumber(domain.a), q, new Uint8Array(ecdh.getPublicKey()))
}

/** Of two points of a curve over the field of p elements, by the tangent or the chord. */
function sum(p: bigint, a: bigint, left: Uint8Array, right: Uint8Array): Uint8Array | undefined {
  const size = (left.length - 1) / 2
  const [x1, y1] = coordinates(left, size)
  const [x2, y2] = coordinates(right, size)
  if (x1 === x2 && y1 !== y2) return undefined
  const slope = x1 === x2 ? (3n * x1 * x1 + a) * inverse(2n * y1, p) : (y2 - y1) * inverse(x2 - x1, p)
  const x = modulo(slope * slope - x1 - x2, p)
  const y = modulo(slope * (x1 - x) - y1, p)
  return concat(Uint8Array.of(0x04), fromNumber(x, size), fromNumber(y, size))
}

function coordinates(point: Uint8Array, size: number): readonly [bigint, bigint] {
  return [toNumber(point.subarray(1, 1 + size)), toNumber(point.subarray(1 + size))]
}
