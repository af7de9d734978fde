/**
 * The encrypted content of a CMS message, and the key that it is encrypted with.
 *
 * @see RFC 5652, 6.3; RFC 5083; RFC 5084, 3.2
 * @module
 */
import { createDecipheriv } from 'node:crypto'
import { concat, DecodeError } from '@keytether/codec'
import { type BerObject, child, oid, optionalChild } from './ber.ts'

const aes = '2.16.840.1.101.3.4.1.'
interface ContentCipher {
  readonly cipher: string
  readonly keySize: number
  readonly mode: 'CBC' | 'GCM'
}
const ciphers: Record<string, ContentCipher> = {
  [`${aes}2`]: { cipher: 'aes-128-cbc', keySize: 16, mode: 'CBC' },
  [`${aes}22`]: { cipher: 'aes-192-cbc', keySize: 24, mode: 'CBC' },
  [`${aes}42`]: { cipher: 'aes-256-cbc', keySize: 32, mode: 'CBC' },
  [`${aes}6`]: { cipher: 'aes-128-gcm', keySize: 16, mode: 'GCM' },
  [`${aes}26`]: { cipher: 'aes-192-gcm', keySize: 24, mode: 'GCM' },
  [`${aes}46`]: { cipher: 'aes-256-gcm', keySize: 32, mode: 'GCM' },
  // What OpenSSL takes if it is told nothing else.
  '1.2.840.113549.3.7': { cipher: 'des-ede3-cbc', keySize: 24, mode: 'CBC' },
}

const enveloped = '1.2.840.113549.1.7.3'
const authEnveloped = '1.2.840.113549.1.9.16.1.23'

export interface CmsMessage {
  readonly recipients: readonly BerObject[]
  /** Bytes that the content's key has. */
  readonly keySize: number
  /** @returns undefined if it is another key, or the content was changed */
  decrypt(key: Uint8Array): Uint8Array | undefined
}

/** @param message ContentInfo @throws DecodeError */
export function cmsMessage(message: BerObject): CmsMessage {
  const type = oid(child(message, 0, 0x06, 'content type'))
  if (type !== enveloped && type !== authEnveloped) {
    throw new DecodeError('VALUE', `wanted enveloped data, got content type ${type}`, 0)
  }
  const data = child(child(message, 1, 0xa0, 'content'), 0, 0x30, 'enveloped data')
  const at = data.children[1]?.tag === 0xa0 ? 2 : 1
  const recipients = child(data, at, 0x31, 'recipients').children
  const info = child(data, at + 1, 0x30, 'encrypted content')
  const method = child(info, 1, 0x30, 'content encryption algorithm')
  const name = oid(child(method, 0, 0x06, 'content encryption algorithm'))
  const cipher = ciphers[name]
  if (cipher === undefined) throw new DecodeError('VALUE', `content encryption algorithm ${name} is not known here`, 0)
  const encrypted = (optionalChild(info, 0x80) ?? optionalChild(info, 0xa0))?.content
  if (encrypted === undefined) throw new DecodeError('MISSING', 'the encrypted content is not in the message', 0)
  const parameters = method.children[1]
  if ((type === authEnveloped) !== (cipher.mode === 'GCM') || parameters === undefined) {
    throw new DecodeError('VALUE', `${cipher.cipher} is not for this type of message`, 0)
  }
  const decrypt = cipher.mode === 'CBC' ? cbc(cipher, parameters, encrypted) : gcm(cipher, parameters, encrypted, data)
  return { recipients, keySize: cipher.keySize, decrypt }
}

type Decrypt = CmsMessage['decrypt']

function cbc({ cipher }: ContentCipher, { content: iv }: BerObject, encrypted: Uint8Array): Decrypt {
  return key => opened(() => createDecipheriv(cipher, key, iv), encrypted)
}

function gcm({ cipher }: ContentCipher, parameters: BerObject, encrypted: Uint8Array, data: BerObject): Decrypt {
  const { content: nonce } = child(parameters, 0, 0x04, 'nonce')
  const tag = optionalChild(data, 0x04)?.content
  if (tag === undefined || tag.length < 12 || tag.length > 16)
    throw new DecodeError('LENGTH', 'wanted a MAC of 12 to 16 bytes', 0)
  const attributes = optionalChild(data, 0xa1)
  // As the SET that they are, not with the tag that stands for it.
  const authenticated = attributes ? concat(Uint8Array.of(0x31), attributes.raw.subarray(1)) : new Uint8Array()
  return key =>
    opened(() => {
      const decipher = createDecipheriv(cipher as 'aes-256-gcm', key, nonce, { authTagLength: tag.length })
      decipher.setAAD(authenticated)
      return decipher.setAuthTag(tag)
    }, encrypted)
}

function opened(decipher: () => ReturnType<typeof createDecipheriv>, encrypted: Uint8Array): Uint8Array | undefined {
  try {
    const opening = decipher()
    return concat(opening.update(encrypted), opening.final())
  } catch {
    return undefined
  }
}
