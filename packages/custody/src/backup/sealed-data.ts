/**
 * Private data under a password: the token would show it after log-in alone, and a file has no log-in.
 *
 * @see RFC 7914 (scrypt); NIST SP 800-38D (GCM)
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { bytes, concat, type TypeOf, tlv, tlvs } from '@keytether/codec'
import { CustodyError } from '../errors.ts'

const tagSize = 16

/** Key by scrypt with N = 2^17, r = 8, p = 1; AES-256-GCM, its tag at the end. */
export const sealedData = tlvs({
  salt: tlv(0x80, bytes(16)),
  iv: tlv(0x81, bytes(12)),
  encrypted: tlv(0x82, bytes({ min: tagSize })),
})
export type SealedData = TypeOf<typeof sealedData>

const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }

export function sealData(content: Uint8Array, password: string): SealedData {
  const [salt, iv] = [new Uint8Array(randomBytes(16)), new Uint8Array(randomBytes(12))]
  const cipher = createCipheriv('aes-256-gcm', scryptSync(password, salt, 32, cost), iv)
  const encrypted = concat(cipher.update(content), cipher.final(), cipher.getAuthTag())
  return { salt, iv, encrypted }
}

/** @throws CustodyError `WRONG_PASSWORD` */
export function openData({ salt, iv, encrypted }: SealedData, password: string): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', scryptSync(password, salt, 32, cost), iv)
  decipher.setAuthTag(encrypted.subarray(-tagSize))
  try {
    return concat(decipher.update(encrypted.subarray(0, -tagSize)), decipher.final())
  } catch (cause) {
    throw new CustodyError('WRONG_PASSWORD', 'the password of the private data in the backup is wrong', { cause })
  }
}
