/**
 * The password of a share file, split so that any n of m custodians can put it together: what sc-hsm-tool does with
 * `--pwd-shares-threshold` and `--pwd-shares-total`, in its numbers.
 */
import { checkPrimeSync, generatePrimeSync, randomBytes } from 'node:crypto'
import { fromHex } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { joinSecret, type Point, splitSecret } from './shamir.ts'

/** What one custodian keeps. */
export interface PasswordShare {
  /** The same for all shares of a password, public. */
  readonly prime: bigint
  /** As it is written on paper, without zeros at the front and in lower case: one to three hexadecimal digits. */
  readonly id: string
  readonly value: bigint
  /** Not known of what sc-hsm-tool printed. */
  readonly group?: PasswordGroup
}

export interface PasswordGroup {
  readonly threshold: number
  readonly total: number
}

const secretLength = 8
/** The greatest number of two decimal digits. */
const mostShares = 99

/** A new random password, and its shares. */
export function splitPassword(group: PasswordGroup): { password: Uint8Array; shares: PasswordShare[] } {
  const { threshold, total } = group
  const whole = Number.isInteger(threshold) && Number.isInteger(total)
  if (!whole || threshold < 2 || threshold > total || total > mostShares) {
    throw new RangeError(`wanted n of m with 2 <= n <= m <= ${mostShares}, got ${threshold} of ${total}`)
  }
  const password = randomPassword()
  // Any prime above the secret would do. A new one for each password also shows which shares belong together.
  const prime = generatePrimeSync(64, { safe: true, bigint: true })
  const ids = Array.from({ length: total }, (_, i) => String(i + 1))
  const points = splitSecret(toNumber(password), threshold, ids.map(readAsHexadecimal), prime)
  return { password, shares: points.map(({ y }, i) => ({ prime, id: ids[i]!, value: y, group })) }
}

/**
 * The passwords that the shares can mean, the likeliest first: one if we made them, more where sc-hsm-tool writes otherwise
 * than it reads. Shares that are wrong or too few give a wrong password, which only the share file can tell.
 *
 * @throws CustodyError for shares that cannot be put together
 */
export function joinPassword(shares: readonly PasswordShare[]): Uint8Array[] {
  checkSet(shares)
  const prime = shares[0]!.prime
  const secretAt = (places: readonly bigint[]) => {
    const points: Point[] = shares.map(({ value }, i) => ({ x: places[i]!, y: value }))
    return joinSecret(points, prime)
  }
  const ids = shares.map(({ id }) => id)
  const asRead = secretAt(ids.map(readAsHexadecimal))
  if (shares.some(({ group }) => group)) return [toBytes(asRead)]
  const asPrinted = ids.every(id => /^\d+$/.test(id)) ? secretAt(ids.map(BigInt)) : asRead
  const secrets = [...new Set([asRead, asPrinted])]
  return [
    ...secrets.map(toBytes),
    ...secrets.flatMap(shortened),
    ...secrets.flatMap(secret => overflown(secret, prime)),
  ]
}

function checkSet(shares: readonly PasswordShare[]): void {
  const [first] = shares
  const threshold = Math.max(2, ...shares.map(({ group }) => group?.threshold ?? 0))
  if (first === undefined || shares.length < threshold) {
    const message = `wanted ${threshold} password shares or more, got ${shares.length}`
    throw new CustodyError('TOO_FEW_PASSWORD_SHARES', message)
  }
  const stranger = shares.find(({ prime }) => prime !== first.prime)
  if (stranger) {
    const message = `password shares ${first.id} and ${stranger.id} are of different passwords: their primes differ`
    throw new CustodyError('WRONG_PASSWORD_SHARE', message)
  }
  for (const [i, { id, value, prime }] of shares.entries()) {
    if (!/^[1-9a-f][0-9a-f]{0,2}$/.test(id)) {
      throw new CustodyError('WRONG_PASSWORD_SHARE', `no password share has the ID ${id}`)
    }
    if (shares.findIndex(other => other.id === id) !== i) {
      throw new CustodyError('WRONG_PASSWORD_SHARE', `password share ${id} was given twice`)
    }
    if (value >= prime) {
      throw new CustodyError(
        'WRONG_PASSWORD_SHARE',
        `the value of password share ${id} cannot be right: it is too large`,
      )
    }
  }
  if (!checkPrimeSync(first.prime)) {
    throw new CustodyError(
      'WRONG_PASSWORD_SHARE',
      'the prime of the password shares is not a prime: a digit of it is wrong',
    )
  }
}

/**
 * Where on the polynomial a share is. sc-hsm-tool prints IDs as decimal numbers and reads them as hexadecimal ones, so that
 * from 10 on it cannot use what it has printed. Ours are what it reads.
 */
function readAsHexadecimal(id: string): bigint {
  return BigInt(`0x${id}`)
}

/** sc-hsm-tool encrypts under all eight bytes and, when it joins shares, loses those that are zero at the front. */
function shortened(secret: bigint): Uint8Array[] {
  const bytes = toBytes(secret)
  return bytes[0] === 0 ? [bytes.slice(bytes.findIndex(byte => byte !== 0))] : []
}

/**
 * Until 2016 sc-hsm-tool also chose primes below the secret, and joined the shares to what was left of it: share files that
 * it could not open any more.
 *
 * @see https://github.com/OpenSC/OpenSC/pull/670
 */
function overflown(secret: bigint, prime: bigint): Uint8Array[] {
  const whole = secret + prime
  return whole >= 2n ** 63n && whole < 2n ** 64n ? [toBytes(whole)] : []
}

/** 63 bits, as sc-hsm-tool has them, so that any prime of 64 bits is greater; and no zero at the front, which it would lose. */
function randomPassword(): Uint8Array {
  for (;;) {
    const password = new Uint8Array(randomBytes(secretLength))
    password[0]! &= 0x7f
    if (password[0] !== 0) return password
  }
}

function toNumber(bytes: Uint8Array): bigint {
  return Buffer.from(bytes).readBigUInt64BE()
}

function toBytes(secret: bigint): Uint8Array {
  return fromHex(secret.toString(16).padStart(2 * secretLength, '0'))
}
