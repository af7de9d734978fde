/** DERIVE KEY. */
import { algorithm, type DeriveKey, sw } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { allowedKey, used } from '../key-use.ts'
import { derivedKey } from '../keys/ec.ts'
import { freeMemory } from '../state.ts'

/** The new key is to be used as the old one, and as often: with a parameter that the host chooses, it is as good as a copy. */
export const deriveKey: Handler<typeof DeriveKey> = (card, { params, data: { parameter } }) => {
  const key = allowedKey(card, params.key, algorithm.ecDerive)
  if (typeof key === 'string') return { status: key }
  if (key.privateKey.kind !== 'ec') return { status: 'algorithmNotAllowed' }
  if (params.newKey === 0) return sw.wrongP1P2
  if (card.state.keys.has(params.newKey)) return { status: 'exists' }
  if (parameter.length === 0) return { status: 'wrongLength' }
  const privateKey = derivedKey(key.privateKey, parameter)
  if (privateKey === undefined) return { status: 'wrongData' }
  const rest = used(key)
  const keys = new Map(card.state.keys).set(params.key, rest).set(params.newKey, { ...rest, privateKey })
  const state = { ...card.state, keys }
  if (freeMemory(state) < 0) return { status: 'outOfMemory' }
  card.state = state
  return ok
}
