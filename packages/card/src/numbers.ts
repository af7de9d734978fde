/**
 * Arithmetic with the numbers of keys. It is not constant-time: how long it takes tells something of them.
 *
 * @module
 */
import { fromHex, toHex } from '@keytether/codec'

/** Big-endian, unsigned. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x0${toHex(bytes)}`)
}

/** Big-endian: as long as `size` says, or without zeros in front. */
export function fromNumber(value: bigint, size = 0): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16)
  return fromHex(digits.padStart(Math.max(2 * size, digits.length + (digits.length % 2)), '0'))
}

/** From 0 up to the modulus. */
export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** Of a number that has no divisor in common with the modulus. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [modulo(value, modulus), modulus]
  let [x, y] = [1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[x, y] = [y - quotient * x, x]
  }
  return modulo(x, modulus)
}

export function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** Rounded down. */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) / 2n
    if (next >= root) return root
    root = next
  }
}
