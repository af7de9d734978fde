/** What opens the vault, and how a key is made of it. */
import { argon2, hkdfSync, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { fromHex, toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'

/** 32 random bytes, or words that somebody remembers. */
export type MasterKey = { readonly key: Uint8Array } | { readonly passphrase: string }

/** How a wrapping key was made, so that it can be made again. Salts are hexadecimal. */
export type Derivation =
  | { readonly algorithm: 'hkdf-sha256'; readonly salt: string }
  | {
      readonly algorithm: 'argon2id'
      readonly salt: string
      /** KiB. */
      readonly memory: number
      readonly passes: number
      readonly parallelism: number
    }

/** @see RFC 9106, 4: the second recommended option */
export const argon2Cost = { memory: 65_536, passes: 3, parallelism: 4 }
const shortestPassphrase = 12

/** @throws HsmError `INVALID` */
export function newDerivation(master: MasterKey): Derivation {
  const salt = toHex(randomBytes(16))
  if ('key' in master) {
    if (master.key.length !== 32)
      throw new HsmError('INVALID', `wanted a master key of 32 bytes, got ${master.key.length}`)
    return { algorithm: 'hkdf-sha256', salt }
  }
  if ([...master.passphrase].length < shortestPassphrase) {
    throw new HsmError('INVALID', `wanted a passphrase of at least ${shortestPassphrase} characters`)
  }
  return { algorithm: 'argon2id', salt, ...argon2Cost }
}

/** @returns undefined if it was made of the other kind of master key */
export async function wrappingKey(master: MasterKey, derivation: Derivation): Promise<Uint8Array | undefined> {
  const nonce = fromHex(derivation.salt)
  if (derivation.algorithm === 'hkdf-sha256') {
    if (!('key' in master)) return undefined
    return new Uint8Array(hkdfSync('sha256', master.key, nonce, 'keytether master key', 32))
  }
  if (!('passphrase' in master)) return undefined
  const { memory, passes, parallelism } = derivation
  // However it was typed: composed and decomposed accents are the same.
  const message = master.passphrase.normalize('NFC')
  return promisify(argon2)('argon2id', { message, nonce, memory, passes, parallelism, tagLength: 32 })
}
