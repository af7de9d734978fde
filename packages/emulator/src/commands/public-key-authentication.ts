/** Public key authentication: its status, and registering keys. */
import {
  type AuthenticatedRequest,
  type AuthenticationKeyInfo,
  type AuthenticationStatus,
  deviceOptions,
  type EcPublicKey,
  type RegisterAuthenticationKey,
  type ReplaceAuthenticationKey,
  subjectPublicKeyInfo,
  verifyRequest,
} from '@keytether/card'
import { equal } from '@keytether/codec'
import { type Card, isLoggedIn } from '../card.ts'
import type { Handler } from '../handler.ts'
import type { Access, PublicKeyAuthentication, RegisteredKey } from '../state.ts'
import { trustedKey } from '../trusted-keys.ts'

export const authenticationStatus: Handler<typeof AuthenticationStatus> = card => {
  const authentication = card.state.access?.publicKeyAuthentication
  return authentication ? { status: 'ok', data: counts(card, authentication) } : { status: 'notConfigured' }
}

function counts({ session }: Card, { total, required, keys }: PublicKeyAuthentication) {
  return { total, missing: total - keys.size, required, authenticated: session.authenticated.size }
}

/**
 * Needs no log-in: where public keys open the card, there is none before they are registered. Once all are, this is over, and
 * only who is logged in may replace one.
 */
export const registerAuthenticationKey: Handler<typeof RegisterAuthenticationKey> = (card, { data }) => {
  const { access } = card.state
  const authentication = access?.publicKeyAuthentication
  if (access === undefined || authentication === undefined) return { status: 'notConfigured' }
  const slots = Array.from({ length: authentication.total }, (_, index) => index)
  const slot = slots.find(index => !authentication.keys.has(index))
  if (slot === undefined) return { status: 'full' }
  const request = checked(card, authentication, data)
  if (request.status !== 'ok') return request
  return { status: 'ok', data: put(card, access, authentication, slot, request.key) }
}

export const replaceAuthenticationKey: Handler<typeof ReplaceAuthenticationKey> = (card, { params, data }) => {
  const { access } = card.state
  const authentication = access?.publicKeyAuthentication
  if (access === undefined || authentication === undefined) return { status: 'notConfigured' }
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (!mayReplace(access)) return { status: 'notAllowed' }
  if (!authentication.keys.has(params.index)) return { status: 'noSuchKey' }
  const request = checked(card, authentication, data)
  if (request.status !== 'ok') return request
  card.session.authenticated.delete(params.index)
  return { status: 'ok', data: put(card, access, authentication, params.index, request.key) }
}

/** The same bit together with the one before it says what ends a session PIN. */
function mayReplace({ options }: Access): boolean {
  const { replaceAuthenticationKey: replace, sessionPinClearedOnReset: sessionPin } = deviceOptions
  return (options & (replace | sessionPin)) === replace
}

/** First byte of a point 04 ‖ x ‖ y. */
const uncompressed = 0x04

/** The key of a request, if it is an elliptic curve key that a verified device vouches for. */
function checked(card: Card, { keys }: PublicKeyAuthentication, content: AuthenticatedRequest) {
  const { authorityReference, certificate } = content
  const device = trustedKey(card, authorityReference)
  if (device?.level !== 'device' || card.session.verificationKey !== authorityReference) {
    return { status: 'keyNotFound' } as const
  }
  const { holderReference, publicKey } = certificate.value.body.value
  // In any other form, a key could be registered as two.
  if (publicKey.kind !== 'ec' || publicKey.q[0] !== uncompressed) return { status: 'wrongData' } as const
  if (!verifyRequest(content, device.key)) return { status: 'notAllowed' } as const
  const isTaken = [...keys.values()].some(known => sameKey(known.publicKey, publicKey))
  if (isTaken) return { status: 'notAllowed' } as const
  return { status: 'ok', key: { holderReference, publicKey } } as const
}

function sameKey(a: EcPublicKey, b: EcPublicKey): boolean {
  return equal(subjectPublicKeyInfo(a), subjectPublicKeyInfo(b))
}

function put(card: Card, access: Access, authentication: PublicKeyAuthentication, slot: number, key: RegisteredKey) {
  const after = { ...authentication, keys: new Map(authentication.keys).set(slot, key) }
  card.state = { ...card.state, access: { ...access, publicKeyAuthentication: after } }
  return counts(card, after)
}

export const authenticationKeyInfo: Handler<typeof AuthenticationKeyInfo> = (
  { state, session },
  { params: { index } },
) => {
  const authentication = state.access?.publicKeyAuthentication
  if (authentication === undefined || index >= authentication.total) return { status: 'noSuchKey' }
  const key = authentication.keys.get(index)
  if (key === undefined) return { status: 'empty' }
  const { holderReference } = key
  return { status: session.authenticated.has(index) ? 'authenticated' : 'ok', data: { holderReference } }
}
