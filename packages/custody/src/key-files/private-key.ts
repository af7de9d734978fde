/** Private keys as key files have them, and which of them a card can take. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { curves } from '@keytether/card'
import { DecodeError, decode } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { decryptWithPassword, EncryptedPrivateKeyInfo, type Opening } from './password-encryption.ts'

/** Type and size in words, such as `RSA 2048`, `EC secp256r1`. */
export function keyWords(key: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return `RSA ${details?.modulusLength}`
  if (type !== 'ec') return names[type ?? ''] ?? String(type)
  const curve = curveNamed(details?.namedCurve)
  return `EC ${curve?.name ?? details?.namedCurve ?? 'with parameters of its own'}`
}

const names: Record<string, string> = {
  dsa: 'DSA',
  'rsa-pss': 'RSA for PSS alone',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
  x25519: 'X25519',
  x448: 'X448',
  dh: 'Diffie-Hellman',
}

const modulusLengths: readonly number[] = [1024, 1536, 2048, 3072, 4096]

/** Why a card cannot take the key; undefined: it can. */
export function obstacleOf(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') {
    if (modulusLengths.includes(details?.modulusLength ?? 0)) return undefined
    return `RSA keys of a card have ${modulusLengths.join(', ')} bits`
  }
  if (type === 'ec') return curveNamed(details?.namedCurve) ? undefined : 'cards do not have this curve'
  return 'cards have RSA keys and keys on elliptic curves with a prime field, NIST, Brainpool and Koblitz'
}

function curveNamed(nodeName: string | undefined) {
  return curves.find(known => known.nodeName === nodeName)
}

/**
 * @param encoded is erased
 * @throws CustodyError `DAMAGED` if it is no private key
 */
export function privateKeyOf(encoded: Uint8Array): KeyObject {
  const key = readPrivateKey(encoded)
  if (key) return key
  throw new CustodyError('DAMAGED', 'a key in the file is damaged, or of a kind that is not known')
}

/** Erases what it reads. */
function readPrivateKey(encoded: Uint8Array): KeyObject | undefined {
  const key = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length)
  try {
    for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
      try {
        return createPrivateKey({ key, format: 'der', type })
      } catch {}
    }
    return undefined
  } finally {
    encoded.fill(0)
  }
}

/**
 * EncryptedPrivateKeyInfo, DER. Nothing in it tells a wrong password from a damaged file, but a wrong password is what happens.
 *
 * @throws CustodyError `WRONG_PASSWORD`, `DAMAGED`, `NOT_SUPPORTED`
 */
export function encryptedPrivateKey(file: Uint8Array, opening: Opening): KeyObject {
  try {
    const { algorithm, encrypted } = decode(EncryptedPrivateKeyInfo, file, { lengths: 'any' })
    const plain = decryptWithPassword(algorithm, opening, encrypted)
    const key = plain && readPrivateKey(plain)
    if (key) return key
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CustodyError('DAMAGED', `the key file is damaged: ${cause.message}`, { cause })
  }
  throw new CustodyError('WRONG_PASSWORD', 'the password of the key file is wrong, or the file is damaged')
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyInfoOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
}
