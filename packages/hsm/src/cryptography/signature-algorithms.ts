/**
 * Signature algorithms by name: a scheme with a hash function, or the name that JOSE has for it, which also says on which curve.
 *
 * @see RFC 7518, 3.1; RFC 8812, 3.2
 * @module
 */
import { type CurveName, hashFunctions } from '@keytether/card'
import type { KeyInfo, SignatureScheme } from '@keytether/driver'
import { HsmError } from '../errors.ts'

export interface SignatureMethod {
  readonly scheme: SignatureScheme
  /** As `node:crypto` calls it. */
  readonly hash: string
  /** The only curve that the name is for. */
  readonly curve?: CurveName
}

const schemes = ['ECDSA', 'RSA_PKCS1', 'RSA_PSS'] as const
const plain = schemes.flatMap(scheme =>
  hashFunctions.map(({ name: hash }) => [`${scheme}_${hash.toUpperCase()}`, { scheme, hash }] as const),
)

const jose: Record<string, SignatureMethod> = {
  ES256: { scheme: 'ECDSA', hash: 'sha256', curve: 'secp256r1' },
  ES384: { scheme: 'ECDSA', hash: 'sha384', curve: 'secp384r1' },
  ES512: { scheme: 'ECDSA', hash: 'sha512', curve: 'secp521r1' },
  ES256K: { scheme: 'ECDSA', hash: 'sha256', curve: 'secp256k1' },
  RS256: { scheme: 'RSA_PKCS1', hash: 'sha256' },
  RS384: { scheme: 'RSA_PKCS1', hash: 'sha384' },
  RS512: { scheme: 'RSA_PKCS1', hash: 'sha512' },
  PS256: { scheme: 'RSA_PSS', hash: 'sha256' },
  PS384: { scheme: 'RSA_PSS', hash: 'sha384' },
  PS512: { scheme: 'RSA_PSS', hash: 'sha512' },
}

/** As `ECDSA_SHA256`, `RSA_PSS_SHA384`, `ES256`. PSS has a salt as long as the hash. */
const signatureMethods: ReadonlyMap<string, SignatureMethod> = new Map([...plain, ...Object.entries(jose)])

export function isJoseName(algorithm: string): boolean {
  return Object.hasOwn(jose, algorithm)
}

/** What a key signs with if nothing is said: for EC keys, the hash that is as strong as the curve. */
export function defaultAlgorithm({ kind, bits }: Pick<KeyInfo, 'kind' | 'bits'>): string {
  if (kind === 'RSA') return 'RSA_PKCS1_SHA256'
  return bits <= 256 ? 'ECDSA_SHA256' : bits <= 384 ? 'ECDSA_SHA384' : 'ECDSA_SHA512'
}

/** @throws HsmError WRONG_SCHEME if there is no such algorithm, or not for this key */
export function signatureMethod(algorithm: string, { kind, curve }: Pick<KeyInfo, 'kind' | 'curve'>): SignatureMethod {
  if (kind === 'AES') throw new HsmError('WRONG_SCHEME', 'an AES key does not sign: compute a MAC with it')
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
    throw new HsmError('WRONG_SCHEME', 'a SmartCard-HSM has no EdDSA: it signs with ECDSA and RSA')
  }
  const method = signatureMethods.get(algorithm)
  const fits = method !== undefined && (method.scheme === 'ECDSA') === (kind === 'EC')
  if (fits && (method.curve === undefined || method.curve === curve)) return method
  const names = [...signatureMethods].filter(([, one]) => (one.scheme === 'ECDSA') === (kind === 'EC'))
  const possible = names.filter(([, one]) => one.curve === undefined || one.curve === curve).map(([name]) => name)
  const what = kind === 'EC' ? `an EC key${curve ? ` on ${curve}` : ''}` : 'an RSA key'
  throw new HsmError('WRONG_SCHEME', `${what} does not sign with ${algorithm}, but with ${possible.join(', ')}`)
}
