/** Signatures of messages and hashes. */
import { createHash } from 'node:crypto'
import { EcdsaSignature, hashFunctions, type PublicKey, plainSignature, publicKeyOf } from '@keytether/card'
import { DecodeError, decode, encode } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { UsableKey } from '../keys/usable.ts'
import type { KeyUse } from './members.ts'
import { defaultAlgorithm, isJoseName, type SignatureMethod, signatureMethod } from './signature-algorithms.ts'
import { verifyEcdsa, verifyMessage, verifyRsa } from './verify-signature.ts'

/** ECDSA: `der` is what X.509 and CMS have, `raw` is r ‖ s as JOSE has it. RSA signatures are the same bytes in both. */
export type SignatureFormat = 'der' | 'raw'

/** A message, or its hash. */
export type ToSign = { readonly message: Uint8Array } | { readonly digest: Uint8Array }

export interface SignatureOptions {
  /** As `ECDSA_SHA256` or `ES256`. Default: what fits the key. */
  readonly algorithm?: string | undefined
  /** Default: `raw` for algorithms by the name that JOSE has for them, otherwise `der`. */
  readonly format?: SignatureFormat | undefined
}

export interface SignaturePlan {
  readonly algorithm: string
  readonly format: SignatureFormat
  readonly method: SignatureMethod
  readonly hash: Uint8Array
  /** What the hash is of, where that is known. */
  readonly message?: Uint8Array
  readonly publicKey: PublicKey
}

/** @throws HsmError WRONG_SCHEME, INVALID */
export function planSignature(usable: UsableKey, input: ToSign, options: SignatureOptions): SignaturePlan {
  const [info] = usable.instances.values()
  const algorithm = options.algorithm ?? defaultAlgorithm(info!)
  const method = signatureMethod(algorithm, info!)
  const hash = 'digest' in input ? input.digest : new Uint8Array(createHash(method.hash).update(input.message).digest())
  const { size } = hashFunctions.find(({ name }) => name === method.hash)!
  if (hash.length !== size) {
    throw new HsmError('INVALID', `${algorithm} signs a digest of ${size} bytes, got ${hash.length}`)
  }
  const format = options.format ?? (isJoseName(algorithm) ? 'raw' : 'der')
  return { algorithm, format, method, hash, ...('message' in input && input), publicKey: publicKeyFor(usable) }
}

/** The signature is not believed: a token that computes wrongly would give its key away with it, or a certificate that no one accepts. */
export function signatureUse(plan: SignaturePlan): KeyUse<Uint8Array> {
  const { method, hash } = plan
  return {
    verb: 'sign',
    run: (card, info) => card.signHash(info, method.scheme, hash),
    right: signature => isSignature(plan, signature),
  }
}

/** @param signature as the card answers: DER, or as long as the modulus */
function isSignature({ publicKey: key, method, hash, message }: SignaturePlan, signature: Uint8Array): boolean {
  if (message !== undefined) return verifyMessage(key, method, message, signature)
  if (key.kind === 'rsa') return verifyRsa(key, method, hash, signature)
  try {
    return verifyEcdsa(key, hash, decode(EcdsaSignature, signature))
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** @param signature as the card answers */
export function inFormat({ publicKey, format }: SignaturePlan, signature: Uint8Array): Uint8Array {
  if (publicKey.kind === 'rsa' || format === 'der') return signature
  return plainSignature(decode(EcdsaSignature, signature), publicKey.domain!.n.length)
}

/** Whether somebody's signature, in the format given, is one of the hash. */
export function verifies(plan: SignaturePlan, signature: Uint8Array): boolean {
  const { publicKey, format } = plan
  if (publicKey.kind === 'rsa' || format === 'der') return isSignature(plan, signature)
  const size = publicKey.domain!.n.length
  if (signature.length !== 2 * size) return false
  const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  const plain = { r: number(signature.subarray(0, size)), s: number(signature.subarray(size)) }
  return isSignature(plan, encode(EcdsaSignature, plain))
}

const publicKeys = new WeakMap<object, PublicKey>()

/** What the service recorded when the key was made counts, not what a token says today. */
function publicKeyFor({ key, version, instances }: UsableKey): PublicKey {
  const known = publicKeys.get(version)
  if (known !== undefined) return known
  const [info] = instances.values()
  const publicKey = version.public_key === null ? info!.publicKey : publicKeyOf(version.public_key)
  if (publicKey === undefined) {
    throw new HsmError('KEY_NOT_USABLE', `the public key of ${key.name} is not known: no signature could be checked`)
  }
  publicKeys.set(version, publicKey)
  return publicKey
}
