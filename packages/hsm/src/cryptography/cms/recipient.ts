/**
 * The content's key, out of what a CMS message has for one of its recipients.
 *
 * @see RFC 5652, 6.2.1 (key transport) and 6.2.2 (key agreement); RFC 5753, 3.1 and 7.2; RFC 3560 (OAEP); RFC 3394 (key wrap)
 * @module
 */
import { createDecipheriv, createHash } from 'node:crypto'
import { bytes, concat, DecodeError, encode, fromHex, tlv } from '@keytether/codec'
import type { DecryptionScheme } from '@keytether/driver'
import type { KeyUse } from '../members.ts'
import { agree, decryptRsa } from '../private-key-uses.ts'
import { type BerObject, child, oid, optionalChild } from './ber.ts'

export interface KeyForRecipient {
  readonly use: KeyUse<Uint8Array>
  /** @returns the content's key, of what the card answers; undefined if this is for another recipient */
  key(answer: Uint8Array): Uint8Array | undefined
}

const hashes: Record<string, 'sha1' | 'sha256' | 'sha384' | 'sha512'> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** Of an RSA key; undefined for recipients of another kind, or with a modulus of another length. */
export function keyTransport(recipient: BerObject, modulusLength: number): KeyForRecipient | undefined {
  if (recipient.tag !== 0x30) return undefined
  const scheme = transportScheme(child(recipient, 2, 0x30, 'key encryption algorithm'))
  const { content: encrypted } = child(recipient, 3, 0x04, 'encrypted key')
  if (encrypted.length !== modulusLength) return undefined
  return { use: decryptRsa(encrypted, scheme), key: answer => answer }
}

function transportScheme(method: BerObject): DecryptionScheme {
  const name = oid(child(method, 0, 0x06, 'key encryption algorithm'))
  if (name === '1.2.840.113549.1.1.1') return { kind: 'PKCS1' }
  if (name !== '1.2.840.113549.1.1.7') {
    throw new DecodeError('VALUE', `key encryption algorithm ${name} is not known here`, 0)
  }
  const parameters = method.children[1]
  const hash = hashIn(parameters && optionalChild(parameters, 0xa0)?.children[0])
  const mask = parameters && optionalChild(parameters, 0xa1)?.children[0]
  if (hashIn(mask?.children[1]) !== hash)
    throw new DecodeError('VALUE', 'OAEP with two hash functions is not known here', 0)
  const label = parameters && optionalChild(parameters, 0xa2)?.children[0]?.children[1]?.content
  return { kind: 'OAEP', hash, ...(label && { label }) }
}

function hashIn(method: BerObject | undefined): 'sha1' | 'sha256' | 'sha384' | 'sha512' {
  if (method === undefined) return 'sha1'
  const hash = hashes[oid(child(method, 0, 0x06, 'hash function'))]
  if (hash === undefined) throw new DecodeError('VALUE', 'OAEP with a hash function that is not known here', 0)
  return hash
}

/** dhSinglePass-stdDH, with the hash of the key derivation; without a cofactor it is the same as -cofactorDH. */
const agreements: Record<string, string> = {
  '1.3.133.16.840.63.0.2': 'sha1',
  '1.3.133.16.840.63.0.3': 'sha1',
  '1.3.132.1.11.0': 'sha224',
  '1.3.132.1.11.1': 'sha256',
  '1.3.132.1.11.2': 'sha384',
  '1.3.132.1.11.3': 'sha512',
  '1.3.132.1.14.0': 'sha224',
  '1.3.132.1.14.1': 'sha256',
  '1.3.132.1.14.2': 'sha384',
  '1.3.132.1.14.3': 'sha512',
}
const keyWraps: Record<string, { readonly cipher: string; readonly keySize: number }> = {
  '2.16.840.1.101.3.4.1.5': { cipher: 'id-aes128-wrap', keySize: 16 },
  '2.16.840.1.101.3.4.1.25': { cipher: 'id-aes192-wrap', keySize: 24 },
  '2.16.840.1.101.3.4.1.45': { cipher: 'id-aes256-wrap', keySize: 32 },
}

/**
 * Of an EC key: one for each of those that agree with the same ephemeral key.
 *
 * @param pointOf the point of a public key, or of nothing if it is on another curve
 */
export function keyAgreement(recipient: BerObject, pointOf: (point: Uint8Array) => Uint8Array): KeyForRecipient[] {
  if (recipient.tag !== 0xa1) return []
  const originator = child(child(recipient, 1, 0xa0, 'originator'), 0, 0xa1, 'key of the originator')
  const { content: bits } = child(originator, 1, 0x03, 'key of the originator')
  const given = recipient.children[2]?.tag === 0xa1 ? recipient.children[2] : undefined
  const material = given && child(given, 0, 0x04, 'keying material').content
  const at = given ? 3 : 2
  const method = child(recipient, at, 0x30, 'key encryption algorithm')
  const hash = agreements[oid(child(method, 0, 0x06, 'key encryption algorithm'))]
  const wrap = child(method, 1, 0x30, 'key wrap algorithm')
  const keyWrap = keyWraps[oid(child(wrap, 0, 0x06, 'key wrap algorithm'))]
  if (hash === undefined || keyWrap === undefined)
    throw new DecodeError('VALUE', 'key agreement that is not known here', 0)
  const use = agree(pointOf(bits.subarray(1)))
  return child(recipient, at + 1, 0x30, 'encrypted keys').children.map(one => {
    const { content: encrypted } = child(one, 1, 0x04, 'encrypted key')
    return {
      use,
      key(secret) {
        const key = derived(hash, secret, sharedInfo(wrap.raw, keyWrap.keySize, material), keyWrap.keySize)
        try {
          const decipher = createDecipheriv(keyWrap.cipher, key, fromHex('a6a6a6a6a6a6a6a6'))
          return concat(decipher.update(encrypted), decipher.final())
        } catch {
          return undefined
        } finally {
          key.fill(0)
        }
      },
    }
  })
}

/** ECC-CMS-SharedInfo: the wrap algorithm as it came, the keying material, and the bits of the key. */
function sharedInfo(wrap: Uint8Array, keySize: number, material: Uint8Array | undefined): Uint8Array {
  const octets = tlv(0x04, bytes())
  const length = encode(tlv(0xa2, octets), Uint8Array.of(0, 0, (8 * keySize) >> 8, (8 * keySize) & 0xff))
  const supplied = material ? encode(tlv(0xa0, octets), material) : new Uint8Array()
  return encode(tlv(0x30, bytes()), concat(wrap, supplied, length))
}

/** @see ANSI X9.63; SEC 1, 3.6.1 */
function derived(hash: string, secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (let counter = 1, size = 0; size < length; counter++) {
    const part = createHash(hash)
      .update(secret)
      .update(Uint8Array.of(0, 0, 0, counter))
      .update(info)
      .digest()
    parts.push(part)
    size += part.length
  }
  return concat(...parts).slice(0, length)
}
