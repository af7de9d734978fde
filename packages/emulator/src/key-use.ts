/** The rules of every command that uses a key: who may, which key, for what, and how often. */
import { type Card, isLoggedIn } from './card.ts'
import type { CardKey } from './state.ts'

export type UseRefusal = 'securityNotSatisfied' | 'notFound' | 'algorithmNotAllowed' | 'exhausted'

/** The key, if it may be used now and with this algorithm. */
export function allowedKey(card: Card, reference: number, algorithmId: number): CardKey | UseRefusal {
  const key = findKey(card, reference)
  if (typeof key === 'string') return key
  const listed = key.algorithms.length === 0 || key.algorithms.includes(algorithmId)
  if (!listed) return 'algorithmNotAllowed'
  return key.useCounter === 0 ? 'exhausted' : key
}

export function findKey(card: Card, reference: number): CardKey | UseRefusal {
  if (!isLoggedIn(card)) return 'securityNotSatisfied'
  // The device key signs requests and opens secure messaging, and is not at anybody's disposal.
  if (reference === 0) return 'algorithmNotAllowed'
  return card.state.keys.get(reference) ?? 'notFound'
}

/** The key after one more use. */
export function used(key: CardKey): CardKey {
  return key.useCounter === undefined ? key : { ...key, useCounter: key.useCounter - 1 }
}
