/** VERIFY. */
import type { Verify } from '@keytether/card'
import { areKeysAuthenticated, type Card, isLoggedIn } from '../card.ts'
import { type Handler, ok } from '../handler.ts'
import { type Pin, present, samePin, soPinLength, userPinLength } from '../pin.ts'
import type { Access } from '../state.ts'

export const verify: Handler<typeof Verify> = (card, { params, data }) => {
  const { access } = card.state
  const role = params.reference
  // No biometric templates are enrolled.
  if (access === undefined || (role !== 'user' && role !== 'so')) return { status: 'notInitialized' }
  if (data.length === 0) return query(card, access, role)
  const pin = access[pinOf[role]]
  if (pin === undefined) return { status: 'notInitialized' }
  if (role === 'user' && access.transportPin) return { status: 'transportPin' }
  const fits = role === 'user' ? data.length >= userPinLength.min : data.length === soPinLength
  if (!fits) return { status: 'wrongLength' }
  if (role === 'user' && pin.triesLeft > 0 && card.sessionPin && samePin(card.sessionPin, data)) {
    card.session.verified.add(role)
    return ok
  }
  const presented = presentPin(card, access, role, pin, data)
  if (presented.status !== 'ok') return presented
  card.session.verified.add(role)
  return ok
}

function query(card: Card, access: Access, role: 'user' | 'so') {
  if (role === 'user' ? isLoggedIn(card) : card.session.verified.has(role)) return ok
  if (role === 'user' && !areKeysAuthenticated(card)) return { status: 'notAuthenticated' } as const
  const pin = access[pinOf[role]]
  if (pin === undefined) return { status: 'notInitialized' } as const
  if (role === 'user' && access.transportPin) return { status: 'transportPin' } as const
  const { triesLeft } = pin
  return triesLeft === 0 ? ({ status: 'blocked' } as const) : ({ status: 'wrongPin', triesLeft } as const)
}

export const pinOf = { user: 'userPin', so: 'soPin' } as const

/** What comes of presenting a PIN, in whatever command. A wrong one ends the log-in, and a right one gives all tries back. */
export function presentPin(card: Card, access: Access, role: 'user' | 'so', before: Pin, value: Uint8Array) {
  const { pin, ...outcome } = present(before, value)
  const after = pin === before ? access : { ...access, [pinOf[role]]: pin }
  if (after !== access) card.state = { ...card.state, access: after }
  if (outcome.status === 'ok') return { status: 'ok', access: after } as const
  card.session.verified.delete(role)
  return outcome
}
