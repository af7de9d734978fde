/** Authenticating registered keys. */
import {
  authenticationMessage,
  type ExternalAuthenticate,
  keyAlgorithm,
  type SetAuthenticationKey,
  verifyWith,
} from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { awaitsKeys, type Card } from '../card.ts'
import { type Handler, ok } from '../handler.ts'

export const setAuthenticationKey: Handler<typeof SetAuthenticationKey> = (card, { data: { holderReference } }) => {
  card.session.authenticationKey = undefined
  const slots = slotsOf(card, holderReference)
  // Until all keys are registered, and nobody can add another, none of them opens anything.
  if (slots.length === 0 || awaitsKeys(card)) return { status: 'keyNotFound' }
  if (slots.every(slot => card.session.authenticated.has(slot))) return { status: 'alreadyAuthenticated' }
  card.session.authenticationKey = holderReference
  return ok
}

/** Some software gives all keys that it generates one name: there may be several, and the signature tells which is meant. */
function slotsOf({ state }: Card, name: string): number[] {
  const keys = state.access?.publicKeyAuthentication?.keys ?? new Map()
  return [...keys].filter(([, { holderReference }]) => holderReference === name).map(([slot]) => slot)
}

const ecdsaSha256 = fromHex(keyAlgorithm.ecdsaSha256)

export const externalAuthenticate: Handler<typeof ExternalAuthenticate> = (card, { data: signature }) => {
  const { session, state } = card
  const { authenticationKey, challenge, authenticated } = session
  const authentication = state.access?.publicKeyAuthentication
  if (authentication === undefined || authenticationKey === undefined || challenge === undefined) {
    return { status: 'conditionsNotSatisfied' }
  }
  const left = slotsOf(card, authenticationKey).filter(slot => !authenticated.has(slot))
  if (left.length === 0) return { status: 'conditionsNotSatisfied' }
  // Right or wrong, the challenge is spent, and nothing else is.
  session.challenge = undefined
  const message = authenticationMessage(state.identity.holderReference, challenge)
  const slot = left.find(index =>
    verifyWith(authentication.keys.get(index)!.publicKey, message, signature, ecdsaSha256),
  )
  if (slot === undefined) return { status: 'wrongSignature' }
  authenticated.add(slot)
  return ok
}
