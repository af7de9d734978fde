/**
 * AES as the card offers it.
 *
 * @see NIST SP 800-38A, 6.2 (CBC); NIST SP 800-38B (CMAC); NIST SP 800-56C Rev. 2, 4.1 (one-step derivation)
 * @module
 */
import { createHash } from 'node:crypto'
import { AesCbc, cmac } from '@keytether/card'
import type { Outcome } from './outcome.ts'
import type { SecretKey } from './private-key.ts'

const blockSize = 16
const zeroBlock = new Uint8Array(blockSize)

interface Ciphers {
  readonly cbc: AesCbc
  readonly mac: ReturnType<typeof cmac>
}

/** Made when first needed: it takes longer than a command. */
const made = new WeakMap<SecretKey, Ciphers>()

function ciphers(key: SecretKey): Ciphers {
  const known = made.get(key)
  if (known) return known
  const fresh = { cbc: new AesCbc(key.key), mac: cmac(key.key) }
  made.set(key, fresh)
  return fresh
}

export function encryptCbc(key: SecretKey, plaintext: Uint8Array): Outcome {
  return isBlocks(plaintext) ? ciphers(key).cbc.encrypt(zeroBlock, plaintext) : 'wrongLength'
}

export function decryptCbc(key: SecretKey, cryptogram: Uint8Array): Outcome {
  return isBlocks(cryptogram) ? ciphers(key).cbc.decrypt(zeroBlock, cryptogram) : 'wrongLength'
}

export function mac(key: SecretKey, message: Uint8Array): Outcome {
  return ciphers(key).mac(message)
}

/**
 * 32 bytes: SHA-256 over a counter of 1, the key and the label. The vendor's software calls it SP 800-56C and says no more;
 * whether the real card computes the same is not known.
 */
export function deriveSecret({ key }: SecretKey, label: Uint8Array): Outcome {
  return new Uint8Array(
    createHash('sha256')
      .update(Uint8Array.of(0, 0, 0, 1))
      .update(key)
      .update(label)
      .digest(),
  )
}

function isBlocks(input: Uint8Array): boolean {
  return input.length > 0 && input.length % blockSize === 0
}
