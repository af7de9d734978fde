/** Secret sharing over a prime field: any `threshold` points of a polynomial give its value at 0, fewer give nothing (Shamir, 1979). */
import { randomBytes } from 'node:crypto'

export interface Point {
  /** Not 0, where the secret is. */
  readonly x: bigint
  readonly y: bigint
}

/** The secret as the value at 0 of a random polynomial, and that polynomial's values at the places given. */
export function splitSecret(secret: bigint, threshold: number, places: readonly bigint[], prime: bigint): Point[] {
  const coefficients = [secret, ...Array.from({ length: threshold - 1 }, () => randomBelow(prime))]
  return places.map(x => ({
    x,
    y: coefficients.reduceRight((sum, coefficient) => (sum * x + coefficient) % prime, 0n),
  }))
}

/**
 * The value at 0 of the polynomial through the points, of the least degree.
 *
 * @param points at places that differ, none of them 0
 */
export function joinSecret(points: readonly Point[], prime: bigint): bigint {
  const terms = points.map(({ x, y }) => {
    const others = points.filter(other => other.x !== x)
    const numerator = others.reduce((product, other) => (product * other.x) % prime, y)
    const denominator = others.reduce((product, other) => (product * (other.x - x + prime)) % prime, 1n)
    return numerator * inverse(denominator, prime)
  })
  return terms.reduce((sum, term) => sum + term, 0n) % prime
}

/** By Fermat's little theorem: x to the power of p - 2. */
function inverse(value: bigint, prime: bigint): bigint {
  let result = 1n
  for (let exponent = prime - 2n, base = value; exponent > 0n; exponent >>= 1n, base = (base * base) % prime) {
    if (exponent & 1n) result = (result * base) % prime
  }
  return result
}

/** Each number below the limit, which has at most 64 bits, as likely as any other. */
function randomBelow(limit: bigint): bigint {
  for (;;) {
    const candidate = randomBytes(8).readBigUInt64BE()
    if (candidate < limit) return candidate
  }
}
