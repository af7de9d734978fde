/** GENERATE ASYMMETRIC KEY PAIR. */
import {
  algorithm,
  curveOf,
  type DataOf,
  fileId,
  type GenerateKeyPair,
  groupExtension,
  issueRequest,
  type KeyParameters,
  signatureAlgorithm,
  sw,
} from '@keytether/card'
import { isLoggedIn } from '../card.ts'
import type { Handler } from '../handler.ts'
import { domainOfNewKey } from '../key-domains.ts'
import {
  type AsymmetricKey,
  generateEcKey,
  generateRsaKey,
  modulusLengths,
  publicKeyOfPrivate,
  signerOf,
} from '../keys/private-key.ts'
import { type CardState, freeMemory } from '../state.ts'

/** What the card shows for a key without a counter. */
export const unlimited = 0xffffffff

export const generateKeyPair: Handler<typeof GenerateKeyPair> = async (card, { params, data, le }) => {
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  // Key 0 is the device key, which is also the only one that signs requests.
  if (params.key === 0 || params.signingKey !== 0) return sw.wrongP1P2
  if (card.state.keys.has(params.key)) return { status: 'exists' }
  if (data.profile !== 0 || data.useCounter === unlimited) return { status: 'wrongData' }
  if (data.wrappingKey !== undefined) return { status: 'notSupported' }
  const keyDomain = domainOfNewKey(card.state, data.keyDomain)
  if (typeof keyDomain === 'string') return { status: keyDomain }
  const privateKey = await generate(data.parameters)
  if (typeof privateKey === 'string') return { status: privateKey }

  const request = requestFor(card.state, privateKey, data, keyDomain)
  const { useCounter, algorithms = new Uint8Array() } = data
  const state = {
    ...card.state,
    keys: new Map(card.state.keys).set(params.key, { privateKey, useCounter, algorithms, keyDomain }),
    files: new Map(card.state.files).set(fileId('keyCertificate', params.key), request),
  }
  if (freeMemory(state) < 0) return { status: 'outOfMemory' }
  card.state = state
  return { status: 'ok', data: le === undefined ? new Uint8Array() : request }
}

async function generate(parameters: KeyParameters): Promise<AsymmetricKey | 'wrongData' | 'notSupported'> {
  if (signatureAlgorithm(parameters.oid)?.kind !== parameters.kind) return 'notSupported'
  if (parameters.kind === 'ec') {
    const curve = curveOf(parameters.domain)
    return curve ? generateEcKey(curve.name) : 'notSupported'
  }
  if (!modulusLengths.includes(parameters.bits)) return 'notSupported'
  const exponent = exponentOf(parameters.e)
  return exponent === undefined ? 'wrongData' : generateRsaKey(parameters.bits, exponent)
}

/** Odd, at least 3, at most 32 bits. */
function exponentOf(e: Uint8Array): number | undefined {
  const value = e.reduce((sum, byte) => sum * 256 + byte, 0)
  return value % 2 === 1 && value >= 3 && value <= 0xffffffff ? value : undefined
}

function requestFor(
  { identity, keyDomains }: CardState,
  privateKey: AsymmetricKey,
  {
    profile,
    authorityReference,
    holderReference,
    outerAuthorityReference,
    parameters,
    algorithms,
  }: DataOf<typeof GenerateKeyPair>,
  keyDomain: number | undefined,
): Uint8Array {
  const { oid } = parameters
  const uid = keyDomain === undefined ? undefined : keyDomains?.[keyDomain]?.uid
  const isExchangeKey = uid && algorithms?.includes(algorithm.ecdhKeyDomain)
  return issueRequest({
    body: {
      profile,
      authorityReference,
      publicKey: { ...publicKeyOfPrivate(privateKey), oid },
      holderReference,
      extensions: isExchangeKey ? [groupExtension(uid)] : undefined,
    },
    sign: signerOf(privateKey, signatureAlgorithm(oid)!.hash),
    authorityReference: outerAuthorityReference ?? identity.holderReference,
    authenticate: signerOf(identity.privateKey, 'sha256'),
  })
}
