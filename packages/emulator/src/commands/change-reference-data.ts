/** CHANGE REFERENCE DATA. */
import type { ChangeReferenceData } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { newPin, soPinLength, userPinLength } from '../pin.ts'
import { pinOf, presentPin } from './verify.ts'

export const changeReferenceData: Handler<typeof ChangeReferenceData> = (card, { params, data }) => {
  const { access } = card.state
  if (access === undefined) return { status: 'notInitialized' }
  const role = params.reference
  const pin = access[pinOf[role]]
  if (pin === undefined) return { status: 'notInitialized' }
  // First the old value: what is said of the new one's length would tell how long the old one is.
  const presented = presentPin(card, access, role, pin, data.subarray(0, pin.value.length))
  if (presented.status !== 'ok') return presented
  const replacement = data.slice(pin.value.length)
  const [min, max] = role === 'user' ? [userPinLength.min, userPinLength.max] : [soPinLength, soPinLength]
  if (replacement.length < min || replacement.length > max) return { status: 'wrongLength' }
  const transportPin = role === 'user' ? false : access.transportPin
  const changed = { ...presented.access, transportPin, [pinOf[role]]: newPin(replacement, pin.tries) }
  card.state = { ...card.state, access: changed }
  card.sessionPin = undefined
  // Who has just said what the PIN is to be need not present it.
  card.session.verified.add(role)
  return ok
}
