/** GENERATE SECRET KEY. */
import { type GenerateSecretKey, sw } from '@keytether/card'
import { isLoggedIn } from '../card.ts'
import { type Handler, ok } from '../handler.ts'
import { domainOfNewKey } from '../key-domains.ts'
import { generateSecretKey as makeKey } from '../keys/private-key.ts'
import { freeMemory } from '../state.ts'
import { unlimited } from './generate-key-pair.ts'

const sizes = { aes128: 128, aes192: 192, aes256: 256 } as const

export const generateSecretKey: Handler<typeof GenerateSecretKey> = (card, { params, data }) => {
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (params.key === 0) return sw.wrongP1P2
  if (card.state.keys.has(params.key)) return { status: 'exists' }
  if (data.useCounter === unlimited) return { status: 'wrongData' }
  if (data.wrappingKey !== undefined) return { status: 'notSupported' }
  const keyDomain = domainOfNewKey(card.state, data.keyDomain)
  if (typeof keyDomain === 'string') return { status: keyDomain }
  const { useCounter, algorithms = new Uint8Array() } = data
  const key = { privateKey: makeKey(sizes[params.type]), useCounter, algorithms, keyDomain }
  const state = { ...card.state, keys: new Map(card.state.keys).set(params.key, key) }
  if (freeMemory(state) < 0) return { status: 'outOfMemory' }
  card.state = state
  return ok
}
