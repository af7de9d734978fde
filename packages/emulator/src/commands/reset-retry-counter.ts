/** RESET RETRY COUNTER. */
import { deviceOptions, type ResetRetryCounter } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { newPin, present, soPinLength, userPinLength } from '../pin.ts'

export const resetRetryCounter: Handler<typeof ResetRetryCounter> = (card, { params, data }) => {
  const { access } = card.state
  if (access === undefined) return { status: 'notInitialized' }
  const setsPin = params.mode === 'setPin'
  const forbidden = setsPin && (access.options & deviceOptions.resetCounterOnly) !== 0
  if ((access.options & deviceOptions.resetRetryCounter) === 0 || forbidden) return { status: 'notAllowed' }
  const replacement = data.slice(soPinLength)
  const fits = setsPin
    ? replacement.length >= userPinLength.min && replacement.length <= userPinLength.max
    : data.length === soPinLength
  if (!fits) return { status: 'wrongLength' }

  const { pin: soPin, ...outcome } = present(access.soPin, data.subarray(0, soPinLength))
  if (outcome.status !== 'ok') {
    card.state = { ...card.state, access: { ...access, soPin } }
    return outcome
  }
  card.session.verified.delete('user')
  const { value, tries } = access.userPin
  const userPin = newPin(setsPin ? replacement : value, tries)
  const transportPin = access.transportPin && !setsPin
  card.state = { ...card.state, access: { ...access, soPin, userPin, transportPin } }
  return ok
}
