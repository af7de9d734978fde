/** Secrets as the database holds them: AES-256-GCM, tied to the place where they are. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { always, bytes, decode, encode, struct, type TypeOf } from '@keytether/codec'
import type { Tables } from '../store/tables.ts'

export const Sealed = struct({
  version: always(0x01),
  /** Of the data key. */
  keyId: bytes(4),
  /** Random: a key seals far fewer than the 2^32 secrets that SP 800-38D, 8.3 allows. */
  nonce: bytes(12),
  tag: bytes(16),
  ciphertext: bytes({ max: 65_536 }),
})
export type Sealed = TypeOf<typeof Sealed>

/** Where a secret is. Moved elsewhere, it cannot be opened. */
export interface Place {
  readonly table: keyof Tables
  readonly column: string
  /** The id of the row. */
  readonly row: string
}

export interface DataKey {
  readonly id: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

const algorithm = 'aes-256-gcm'

export function seal({ id, key }: DataKey, place: Place, secret: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(randomBytes(12))
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(associatedData(place))
  const ciphertext = new Uint8Array(Buffer.concat([cipher.update(secret), cipher.final()]))
  return encode(Sealed, { keyId: id, nonce, tag: new Uint8Array(cipher.getAuthTag()), ciphertext })
}

/** @throws if it was sealed under another key, for another place, or changed */
export function unseal(key: Uint8Array, place: Place, sealed: Uint8Array): Uint8Array {
  const { nonce, tag, ciphertext } = decode(Sealed, sealed)
  const cipher = createDecipheriv(algorithm, key, nonce, { authTagLength: 16 })
  cipher.setAAD(associatedData(place)).setAuthTag(tag)
  return new Uint8Array(Buffer.concat([cipher.update(ciphertext), cipher.final()]))
}

function associatedData({ table, column, row }: Place): Uint8Array {
  return new TextEncoder().encode(['keytether', table, column, row].join('\0'))
}
