/** Private and secret keys of the card, as they are made, kept and used. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import {
  type Curve,
  type CurveName,
  curveByName,
  curves,
  type DomainParameters,
  type EcPublicKey,
  publicKeyOf,
  type RsaPublicKey,
  type SignBytes,
} from '@keytether/card'

interface Kept {
  readonly object: KeyObject
  /** DER; as it is stored. */
  readonly pkcs8: Uint8Array
}

export interface EcPrivateKey extends Kept {
  readonly kind: 'ec'
  readonly curve: Curve
}

export interface RsaPrivateKey extends Kept {
  readonly kind: 'rsa'
  /** Length of the modulus. */
  readonly bits: number
}

export type AsymmetricKey = EcPrivateKey | RsaPrivateKey

export interface SecretKey {
  readonly kind: 'aes'
  readonly bits: number
  /** 16, 24 or 32 bytes. */
  readonly key: Uint8Array
}

/** What a key reference stands for. */
export type PrivateKey = AsymmetricKey | SecretKey

/** Of the RSA keys that a card may have. */
export const modulusLengths: readonly number[] = [1024, 1536, 2048, 3072, 4096]

/** The form in which a key is stored: PKCS #8, or the bytes of a secret key. */
export function storedForm(key: PrivateKey): Uint8Array {
  return key.kind === 'aes' ? key.key : key.pkcs8
}

/** @throws RangeError if AES has no keys of this length */
export function secretKeyOf(key: Uint8Array): SecretKey {
  if (![16, 24, 32].includes(key.length)) throw new RangeError(`wanted 16, 24 or 32 bytes, got ${key.length}`)
  return { kind: 'aes', bits: 8 * key.length, key }
}

export function generateSecretKey(bits: number): SecretKey {
  return secretKeyOf(new Uint8Array(randomBytes(bits / 8)))
}

/** @throws if it is not PKCS #8, DER, of a key that a card may have */
export function privateKeyOf(pkcs8: Uint8Array): AsymmetricKey {
  return keyOf(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }))
}

/** @throws RangeError if it is not of a kind that a card may have */
export function keyOf(object: KeyObject): AsymmetricKey {
  const pkcs8 = new Uint8Array(object.export({ format: 'der', type: 'pkcs8' }))
  const { modulusLength, namedCurve } = object.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return { kind: 'rsa', object, pkcs8, bits: modulusLength }
  const curve = curves.find(({ nodeName }) => nodeName === namedCurve)
  if (curve === undefined) throw new RangeError(`wanted an RSA key, or one on a curve of the card, got ${namedCurve}`)
  return { kind: 'ec', object, pkcs8, curve }
}

export function generateEcKey(name: CurveName): EcPrivateKey {
  const curve = curveByName(name)
  return keyOf(generateKeyPairSync('ec', { namedCurve: curve.nodeName }).privateKey) as EcPrivateKey
}

const generate = promisify(generateKeyPair)

/** Takes seconds where the modulus is long, on a thread of its own. */
export async function generateRsaKey(bits: number, exponent: number): Promise<RsaPrivateKey> {
  const { privateKey } = await generate('rsa', { modulusLength: bits, publicExponent: exponent })
  return keyOf(privateKey) as RsaPrivateKey
}

export function publicKeyOfPrivate(key: EcPrivateKey): EcPublicKey & { readonly domain: DomainParameters }
export function publicKeyOfPrivate(key: AsymmetricKey): EcPublicKey | RsaPublicKey
export function publicKeyOfPrivate(key: AsymmetricKey): EcPublicKey | RsaPublicKey {
  return publicKeyOf(createPublicKey(key.object).export({ format: 'der', type: 'spki' }))
}

/** Signatures as certificates have them: r ‖ s, or PKCS #1 v1.5. */
export function signerOf({ object }: AsymmetricKey, hash: string): SignBytes {
  return message => new Uint8Array(sign(hash, message, { key: object, dsaEncoding: 'ieee-p1363' }))
}
