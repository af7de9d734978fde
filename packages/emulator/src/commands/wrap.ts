/** WRAP and UNWRAP. */
import {
  algorithm,
  type KeyMaterial,
  materialOfPrivateKey,
  privateKeyOfMaterial,
  sw,
  type UnwrapKey,
  unwrapKey as unwrap,
  type WrapKey,
  wrapKey as wrap,
} from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { isLoggedIn } from '../card.ts'
import type { Handler } from '../handler.ts'
import { kekOf } from '../key-domains.ts'
import { keyOf, modulusLengths, type PrivateKey, secretKeyOf } from '../keys/private-key.ts'
import { freeMemory } from '../state.ts'

export const wrapKey: Handler<typeof WrapKey> = (card, { params: { key: reference } }) => {
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  const { keys, keyDomains } = card.state
  if (keyDomains === undefined) return { status: 'notSupported' }
  // The device key never leaves the card.
  if (reference === 0) return { status: 'algorithmNotAllowed' }
  const key = keys.get(reference)
  if (key === undefined) return { status: 'notFound' }
  const { privateKey, algorithms } = key
  if (algorithms.length > 0 && !algorithms.includes(algorithm.wrap)) return { status: 'algorithmNotAllowed' }
  const kek = key.keyDomain === undefined ? undefined : kekOf(keyDomains[key.keyDomain])
  if (kek === undefined) return { status: 'incomplete' }
  return { status: 'ok', data: wrap(kek, { material: materialOf(privateKey), algorithms }) }
}

export const unwrapKey: Handler<typeof UnwrapKey> = (card, { params: { key: reference }, data: blob }) => {
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (reference === 0) return sw.wrongP1P2
  const { keys, keyDomains } = card.state
  if (keyDomains === undefined) return { status: 'notSupported' }
  if (blob.length === 0) return { status: 'notFound' }
  if (keys.has(reference)) return { status: 'exists' }
  if (!keyDomains.some(kekOf)) return { status: 'incomplete' }
  for (const [keyDomain, domain] of keyDomains.entries()) {
    const kek = kekOf(domain)
    const unwrapped = kek && unwrap(kek, blob)
    if (!unwrapped?.ok) continue
    const privateKey = keyOfMaterial(unwrapped.material)
    if (privateKey === undefined) break
    const { algorithms } = unwrapped
    const state = { ...card.state, keys: new Map(keys).set(reference, { privateKey, algorithms, keyDomain }) }
    if (freeMemory(state) < 0) return { status: 'outOfMemory' }
    card.state = state
    return { status: 'ok', data: new Uint8Array() }
  }
  return { status: 'wrongData' }
}

function materialOf(key: PrivateKey): KeyMaterial {
  return key.kind === 'aes' ? { kind: 'aes', key: key.key } : materialOfPrivateKey(key.object)
}

/** Nothing if it is not one that this card can have. */
function keyOfMaterial(material: KeyMaterial): PrivateKey | undefined {
  if (material.kind === 'aes') return secretKeyOf(material.key)
  try {
    const key = keyOf(privateKeyOfMaterial(material))
    return key.kind === 'ec' || modulusLengths.includes(key.bits) ? key : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
