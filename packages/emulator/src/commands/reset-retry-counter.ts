/** RESET RETRY COUNTER. */
import { deviceOptions, type ResetRetryCounter } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { newPin, soPinLength, userPinLength } from '../pin.ts'
import { presentPin } from './verify.ts'

export const resetRetryCounter: Handler<typeof ResetRetryCounter> = (card, { params, data }) => {
  const { access } = card.state
  if (access?.userPin === undefined) return { status: 'notInitialized' }
  const setsPin = params.mode === 'setPin'
  const forbidden = setsPin && (access.options & deviceOptions.resetCounterOnly) !== 0
  if ((access.options & deviceOptions.resetRetryCounter) === 0 || forbidden) return { status: 'notAllowed' }
  const replacement = data.slice(soPinLength)
  const fits = setsPin
    ? replacement.length >= userPinLength.min && replacement.length <= userPinLength.max
    : data.length === soPinLength
  if (!fits) return { status: 'wrongLength' }

  const presented = presentPin(card, access, 'so', access.soPin, data.subarray(0, soPinLength))
  if (presented.status !== 'ok') return presented
  card.session.verified.delete('user')
  card.sessionPin = undefined
  const { value, tries } = access.userPin
  const userPin = newPin(setsPin ? replacement : value, tries)
  const transportPin = access.transportPin && !setsPin
  card.state = { ...card.state, access: { ...presented.access, userPin, transportPin } }
  return ok
}
