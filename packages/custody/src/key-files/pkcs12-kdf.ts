/**
 * Keys out of a password, as PKCS #12 makes them.
 *
 * @see RFC 7292, B.2
 * @module
 */
import { createHash } from 'node:crypto'
import { concat } from '@keytether/codec'

/** What the bytes are for. */
export const purpose = { key: 1, initializationVector: 2, mac: 3 } as const

export interface Derivation {
  readonly hash: string
  readonly salt: Uint8Array
  readonly iterations: number
}

/** @param password as `bmpPasswords` makes it */
export function deriveBytes(
  { hash, salt, iterations }: Derivation,
  password: Uint8Array,
  use: keyof typeof purpose,
  length: number,
): Uint8Array {
  const digest = (input: Uint8Array) => new Uint8Array(createHash(hash).update(input).digest())
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64
  const diversifier = new Uint8Array(block).fill(purpose[use])
  const state = concat(repeated(salt, block), repeated(password, block))
  const output = new Uint8Array(length)
  for (let at = 0; ; ) {
    let a = digest(concat(diversifier, state))
    for (let i = 1; i < iterations; i++) a = digest(a)
    output.set(a.subarray(0, length - at), at)
    at += a.length
    if (at >= length) break
    addTo(state, repeated(a, block).subarray(0, block), block)
  }
  state.fill(0)
  return output
}

/** Copies of it, as many as fill whole blocks; of nothing, none. */
function repeated(bytes: Uint8Array, block: number): Uint8Array {
  const length = block * Math.ceil(bytes.length / block)
  return Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length]!)
}

/** Adds the number, and one, to each block of the state. */
function addTo(state: Uint8Array, number: Uint8Array, block: number): void {
  for (let start = 0; start < state.length; start += block) {
    let carry = 1
    for (let i = block - 1; i >= 0; i--) {
      carry += state[start + i]! + number[i]!
      state[start + i] = carry & 0xff
      carry >>= 8
    }
  }
}

/**
 * The password as bytes: UTF-16, big-endian, and two zero bytes. Without a password some programs take no bytes at all, so
 * that there are two ways.
 */
export function bmpPasswords(password: string): Uint8Array[] {
  const bytes = new Uint8Array(2 * password.length + 2)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < password.length; i++) view.setUint16(2 * i, password.charCodeAt(i))
  return password === '' ? [bytes, new Uint8Array()] : [bytes]
}
