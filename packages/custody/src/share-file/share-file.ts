/**
 * The file in which a custodian keeps a share of a DKEK, encrypted under a password: `.pbe`, as sc-hsm-tool and the Smart
 * Card Shell write it. The format is the one of `openssl enc -aes-256-cbc -md md5`, but with ten million rounds.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { always, bytes, DecodeError, decode, encode, equal, struct, type TypeOf } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { type DerivationOptions, deriveKey } from './derive-key.ts'

const shareLength = 32
const rounds = 10_000_000

/** 64 bytes. */
export const ShareFile = struct({
  magic: always(...new TextEncoder().encode('Salted__')),
  salt: bytes(8),
  ciphertext: bytes(48),
})

export type ShareFile = TypeOf<typeof ShareFile>

/** A wrong password cannot be told from a damaged file. A share has 32 bytes. */
export type ShareReading = { readonly status: 'ok'; readonly share: Uint8Array } | { readonly status: 'wrongPassword' }

/**
 * @param share 32 bytes
 * @param password as bytes: of text, those of UTF-8
 * @returns the content of the file
 */
export async function createShareFile(
  share: Uint8Array,
  password: Uint8Array,
  options: DerivationOptions = {},
): Promise<Uint8Array> {
  if (share.length !== shareLength) throw new RangeError(`a share has ${shareLength} bytes, got ${share.length}`)
  const salt = randomBytes(8)
  const { key, iv } = await deriveKey({ password, salt, rounds }, options)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const ciphertext = Buffer.concat([cipher.update(share), cipher.final()])
  key.fill(0)
  return encode(ShareFile, { salt, ciphertext })
}

/**
 * The share in a file.
 *
 * The padding shows whether the password is right. It does not show a change in bytes 16 to 31: such a file gives another
 * share, and only the key check value of the DKEK tells.
 *
 * @throws CustodyError `NOT_A_SHARE_FILE`
 */
export async function readShareFile(
  file: Uint8Array,
  password: Uint8Array,
  options: DerivationOptions = {},
): Promise<ShareReading> {
  const { salt, ciphertext } = parseShareFile(file)
  const { key, iv } = await deriveKey({ password, salt, rounds }, options)
  return decipherShare({ key, iv }, ciphertext)
}

/** @throws CustodyError `NOT_A_SHARE_FILE` */
export function parseShareFile(file: Uint8Array): ShareFile {
  try {
    return decode(ShareFile, file)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const found =
      error.code === 'VALUE' ? 'it does not start with "Salted__"' : `it has ${file.length} bytes instead of 64`
    throw new CustodyError('NOT_A_SHARE_FILE', `not a file with a DKEK share: ${found}`, { cause: error })
  }
}

function decipherShare({ key, iv }: { key: Uint8Array; iv: Uint8Array }, ciphertext: Uint8Array): ShareReading {
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const plain = new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
  key.fill(0)
  // PKCS #7 pads 32 bytes with a whole block. To accept any valid padding would take one wrong password in 256 for right.
  const padding = new Uint8Array(16).fill(16)
  if (!equal(plain.subarray(shareLength), padding)) return { status: 'wrongPassword' }
  return { status: 'ok', share: plain.subarray(0, shareLength) }
}
