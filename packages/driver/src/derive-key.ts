/** EC keys made out of EC keys: the card adds a number to the private one, the host computes the public one. */
import { createHash } from 'node:crypto'
import {
  algorithm,
  curveOf,
  DeriveKey,
  derivedPublicKey,
  EcdsaSignature,
  type EcPublicKey,
  fileId,
  issueOwnRequest,
  keyAlgorithm,
  plainSignature,
  verifyWith,
} from '@keytether/card'
import { decode, fromHex } from '@keytether/codec'
import { describeNewKey } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { writeCalls } from './files.ts'
import { bitsOf, keyIdentifier } from './key-info.ts'
import { call, type Link } from './link.ts'
import { describe, freeReference } from './new-key.ts'
import { expectOk, ofKey } from './outcome.ts'
import type { DerivedKeyAttributes, Identity, KeyInfo } from './types.ts'
import { sign } from './use-key.ts'

export async function deriveKey(
  link: Link,
  { holderReference }: Identity,
  key: KeyInfo,
  parameter: Uint8Array,
  { label, id, reference: wanted }: DerivedKeyAttributes,
): Promise<KeyInfo> {
  const publicKey = expected(key, parameter)
  const newKey = { kind: 'ec', bits: bitsOf(publicKey), id: id ?? keyIdentifier(publicKey), label } as const
  describeNewKey(0, newKey)
  const reference = await freeReference(link, wanted)
  const [derived] = await link.run([call(DeriveKey, { key: key.reference, newKey: reference }, { parameter })])
  expectOk(derived, `derive a key from key ${key.reference}`, ofKey)
  const request = await ownRequest(link, reference, publicKey, `${holderReference.slice(0, -5)}00001`)
  if (request) {
    const written = await link.run(writeCalls(link, fileId('keyCertificate', reference), request))
    for (const outcome of written) expectOk(outcome, `write the public key of key ${reference}`)
  }
  return describe(link, reference, newKey, request)
}

function expected(key: KeyInfo, parameter: Uint8Array): EcPublicKey {
  const { publicKey } = key
  const curve = publicKey?.kind === 'ec' && publicKey.domain ? curveOf(publicKey.domain) : undefined
  if (publicKey?.kind !== 'ec' || curve === undefined) {
    throw new RangeError(`wanted an EC key whose public key is known, ${key.label} is none`)
  }
  if (parameter.length === 0) throw new RangeError('wanted a parameter, got no bytes')
  const q = derivedPublicKey(curve, publicKey.q, parameter)
  if (q === undefined) throw new RangeError('with this parameter, the key would be zero')
  return { ...publicKey, oid: fromHex(keyAlgorithm.ecdsaSha256), q }
}

/** The public key in the form that a card stores for a key that it made; undefined if the key may not sign. */
async function ownRequest(link: Link, reference: number, publicKey: EcPublicKey, holderReference: string) {
  const body = { profile: 0, authorityReference: holderReference, publicKey, holderReference }
  try {
    return await issueOwnRequest(body, message => signPlain(link, reference, publicKey, message))
  } catch (error) {
    const refused = error instanceof DriverError && ['ALGORITHM_NOT_ALLOWED', 'KEY_EXHAUSTED'].includes(error.code)
    if (!refused) throw error
    return undefined
  }
}

/** r ‖ s, proven to be by the key that the host expects. */
async function signPlain(
  link: Link,
  reference: number,
  publicKey: EcPublicKey,
  message: Uint8Array,
): Promise<Uint8Array> {
  const hash = createHash('sha256').update(message).digest()
  const der = await sign(link, reference, algorithm.ecdsa, hash)
  const signature = plainSignature(decode(EcdsaSignature, der), publicKey.domain!.n.length)
  if (verifyWith(publicKey, message, signature)) return signature
  throw new DriverError(
    'MALFORMED',
    `key ${reference} was derived, but it is not the sum of key and parameter: what its public key is, is not known. ` +
      'Delete it',
  )
}
