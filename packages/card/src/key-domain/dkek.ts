/**
 * The key of a key domain: put together from shares, and what is derived from it.
 *
 * CardContact calls it device key encryption key, DKEK. Nothing is said of the derivation in a standard; it is that of
 * CardContact's open scripts, and of keys wrapped by real devices.
 *
 * @module
 */
import { createHash } from 'node:crypto'

/** Bytes of a share, and of the key. */
export const shareSize = 32

/** Derived from the key of a domain: what wrapped keys are recognised, encrypted and authenticated by. */
export interface KeyEncryptionKey {
  /** 8 bytes that may be shown: the start of the key's hash. */
  readonly keyCheckValue: Uint8Array
  /** For AES-256 in CBC mode. */
  readonly encryption: Uint8Array
  /** For CMAC with AES-256. */
  readonly authentication: Uint8Array
}

/**
 * The key that shares make together, in whatever order they come: the exclusive or of them.
 *
 * @throws RangeError unless there is at least one share and each has 32 bytes
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  if (shares.length === 0) throw new RangeError('wanted at least one share, got none')
  const key = new Uint8Array(shareSize)
  for (const share of shares) {
    wholeKey(share, 'a share')
    for (let i = 0; i < shareSize; i++) key[i]! ^= share[i]!
  }
  return key
}

/** @throws RangeError unless the key has 32 bytes */
export function keyEncryptionKey(dkek: Uint8Array): KeyEncryptionKey {
  wholeKey(dkek, 'the key of a domain')
  const derive = (counter: number) => digest(dkek, Uint8Array.of(0, 0, 0, counter))
  return { keyCheckValue: digest(dkek).subarray(0, 8), encryption: derive(1), authentication: derive(2) }
}

function wholeKey({ length }: Uint8Array, what: string): void {
  if (length !== shareSize) throw new RangeError(`${what} has ${shareSize} bytes, got ${length}`)
}

function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
