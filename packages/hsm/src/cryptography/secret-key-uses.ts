/** AES keys in use: everything here is computed by the chip, but for the padding. */
import { HsmError } from '../errors.ts'
import type { KeyUse } from './members.ts'

const blockSize = 16
/** What one command carries to any card, secure messaging included, in whole blocks. */
const oneCommand = 1_168
/** What one call may hold: some sixty commands. Longer content is for envelopes. */
const longestText = 65_536

/** @param iv 16 bytes that nobody can foresee, new for each message */
export function encryptCbc(iv: Uint8Array, plaintext: Uint8Array, padding: 'PKCS7' | 'none'): KeyUse<Uint8Array> {
  const text = padding === 'PKCS7' ? padded(plaintext) : wholeBlocks(plaintext, 'give them, or have them padded')
  return {
    verb: 'encrypt',
    single: text.length <= oneCommand,
    run: (card, info) => card.secretKeys.encryptCbc(info, iv, text),
  }
}

export function decryptCbc(iv: Uint8Array, cryptogram: Uint8Array): KeyUse<Uint8Array> {
  const text = wholeBlocks(cryptogram, 'this was not encrypted in CBC mode')
  return {
    verb: 'decrypt',
    single: text.length <= oneCommand,
    run: (card, info) => card.secretKeys.decryptCbc(info, iv, text),
  }
}

export function computeMac(message: Uint8Array): KeyUse<Uint8Array> {
  return {
    verb: 'mac',
    single: message.length <= oneCommand,
    run: (card, info) => card.secretKeys.cmac(info, atMost(message)),
    right: mac => mac.length === blockSize,
  }
}

/** @param label 1 byte or more */
export function deriveSecret(label: Uint8Array): KeyUse<Uint8Array> {
  if (label.length < 1 || label.length > 1_024) {
    throw new HsmError('INVALID', `wanted a label of 1 to 1024 bytes, got ${label.length}`)
  }
  return { verb: 'derive', run: (card, info) => card.secretKeys.derive(info, label) }
}

/** PKCS #7: as many bytes as are missing, each of that value; at least one. */
function padded(plaintext: Uint8Array): Uint8Array {
  const missing = blockSize - (plaintext.length % blockSize)
  const text = new Uint8Array(atMost(plaintext).length + missing).fill(missing)
  text.set(plaintext)
  return text
}

/**
 * Which byte of it is wrong is not told. That it is wrong is, and whoever may ask often enough decrypts with that what he likes:
 * he may decrypt anyhow.
 *
 * @see RFC 5652, 6.3
 */
export function withoutPadding(text: Uint8Array): Uint8Array {
  const missing = text.at(-1) ?? 0
  let wrong = missing < 1 || missing > blockSize ? 1 : 0
  for (let i = 1; i <= blockSize; i++) if (i <= missing) wrong |= text.at(-i)! ^ missing
  if (wrong === 0) return text.slice(0, -missing)
  throw new HsmError('INVALID', 'the padding is wrong: another key, another vector, or another padding')
}

function wholeBlocks(text: Uint8Array, advice: string): Uint8Array {
  if (text.length > 0 && text.length % blockSize === 0) return atMost(text)
  throw new HsmError('INVALID', `wanted whole blocks of ${blockSize} bytes, got ${text.length} bytes: ${advice}`)
}

function atMost(text: Uint8Array): Uint8Array {
  if (text.length <= longestText) return text
  throw new HsmError(
    'INVALID',
    `a token takes at most ${longestText} bytes at a time here, got ${text.length}: use an envelope`,
  )
}
