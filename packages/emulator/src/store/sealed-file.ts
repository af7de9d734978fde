/**
 * The form of a card's state in a file: how to come by the key, then the state, encrypted.
 *
 * @see NIST SP 800-38D (AES-GCM, 96 bit nonce, 128 bit tag); RFC 7914 (scrypt)
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { always, bytes, choice, concat, encode, nothing, struct, type TypeOf, tlv, u8 } from '@keytether/codec'

/** The key is in a file of its own, or made of a passphrase. */
const KeySource = choice({
  keyFile: tlv(0x80, nothing),
  passphrase: tlv(0x81, struct({ cost: u8, salt: bytes(16) })),
})
export type KeySource = TypeOf<typeof KeySource>

const magic = new TextEncoder().encode('KEYTETHER EMULATED CARD\n')
/** What files of all versions begin with. */
export const Preamble = struct({ magic: always(...magic), version: u8 })
export const formatVersion = 1

const Header = struct({ preamble: Preamble, keySource: KeySource, keyCheck: bytes(8) })

export const SealedFile = struct({ header: Header, nonce: bytes(12), sealed: bytes({ min: 16 }) })
export type SealedFile = TypeOf<typeof SealedFile>

export const keySize = 32
const tagSize = 16
const cipher = 'aes-256-gcm'

/** Tells another key from damage. */
export function keyCheckOf(key: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update('key of an emulated card').digest().subarray(0, 8))
}

export function seal(key: Uint8Array, keySource: KeySource, state: Uint8Array): Uint8Array {
  const header = { preamble: { version: formatVersion }, keySource, keyCheck: keyCheckOf(key) }
  const nonce = new Uint8Array(randomBytes(12))
  const gcm = createCipheriv(cipher, key, nonce).setAAD(encode(Header, header))
  const sealed = concat(gcm.update(state), gcm.final(), gcm.getAuthTag())
  return encode(SealedFile, { header, nonce, sealed })
}

/** @returns undefined if any byte is not as it was sealed */
export function unseal(key: Uint8Array, { header, nonce, sealed }: SealedFile): Uint8Array | undefined {
  const end = sealed.length - tagSize
  const gcm = createDecipheriv(cipher, key, nonce, { authTagLength: tagSize })
  gcm.setAAD(encode(Header, header)).setAuthTag(sealed.subarray(end))
  const state = gcm.update(sealed.subarray(0, end))
  try {
    return concat(state, gcm.final())
  } catch {
    return undefined
  }
}

const usualCost = 16
/** 1 GiB of memory: a file that asks for more is not one of ours. */
export const greatestCost = 20

export function newPassphraseSource(): Extract<KeySource, { kind: 'passphrase' }> {
  return { kind: 'passphrase', value: { cost: usualCost, salt: new Uint8Array(randomBytes(16)) } }
}

const derive = promisify(scrypt) as (
  password: string,
  salt: Uint8Array,
  size: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Uint8Array>

/** @param cost power of two, of iterations and of KiB of memory */
export function keyOfPassphrase(
  passphrase: string,
  { cost, salt }: { readonly cost: number; readonly salt: Uint8Array },
): Promise<Uint8Array> {
  const N = 2 ** cost
  return derive(passphrase.normalize('NFC'), salt, keySize, { N, r: 8, p: 1, maxmem: 2 * 1024 * N })
}
