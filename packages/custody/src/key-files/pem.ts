/**
 * PEM: objects in text, one after the other, keys possibly encrypted.
 *
 * @see RFC 7468; RFC 1421, 4.6 for `Proc-Type`, which OpenSSL still writes with `-traditional`
 * @module
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { CustodyError } from '../errors.ts'
import type { Opening } from './password-encryption.ts'
import { encryptedPrivateKey } from './private-key.ts'

export interface PemObject {
  /** `PRIVATE KEY`, `CERTIFICATE` and so on. */
  readonly type: string
  /** With its first and last line. */
  readonly text: string
}

/** All objects; none if it is no PEM. */
export function pemObjects(file: Uint8Array): PemObject[] {
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString('latin1')
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----BEGIN ).)+?-----END \1-----/gs)].map(
    ([text, type = '']) => ({
      type,
      text,
    }),
  )
}

export function isPrivateKey({ type }: PemObject): boolean {
  return type.endsWith('PRIVATE KEY')
}

export function isCertificate({ type }: PemObject): boolean {
  return ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'].includes(type)
}

export function isEncrypted({ type, text }: PemObject): boolean {
  return type.startsWith('ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(text)
}

/** @throws CustodyError `WRONG_PASSWORD`, `DAMAGED`, `NOT_SUPPORTED` */
export function pemPrivateKey(object: PemObject, opening: Opening): KeyObject {
  if (object.type === 'OPENSSH PRIVATE KEY') {
    throw new CustodyError(
      'NOT_SUPPORTED',
      'keys in the format of OpenSSH are not supported: `ssh-keygen -p -m PEM` converts one',
    )
  }
  if (object.type.startsWith('ENCRYPTED')) return encryptedPrivateKey(contentOf(object), opening)
  const { password } = opening
  try {
    return createPrivateKey({ key: object.text, format: 'pem', ...(isEncrypted(object) && { passphrase: password }) })
  } catch (cause) {
    if (!isEncrypted(object)) throw new CustodyError('DAMAGED', 'a key in the file is damaged', { cause })
    // Nothing in the format tells one from the other, but a wrong password is what happens.
    throw new CustodyError('WRONG_PASSWORD', 'the password of the key file is wrong, or the file is damaged', { cause })
  }
}

function contentOf({ text }: PemObject): Uint8Array {
  return new Uint8Array(Buffer.from(text.split('-----')[2]!, 'base64'))
}
