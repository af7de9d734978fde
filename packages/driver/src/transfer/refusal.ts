/** Errors that concern one object alone: the next one may do. */
import { ChannelError, UnexpectedStatusError } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { DriverError, type DriverErrorCode } from '../errors.ts'

/** With these, all others would fail, too. */
const general: readonly DriverErrorCode[] = ['SECURE_CHANNEL', 'NOT_LOGGED_IN']

type Refusal = DriverError | DecodeError | UnexpectedStatusError

/** The card refused, or what it was to be given makes no sense; the card is still within reach. */
export function isRefusal(error: unknown): error is Refusal {
  if (error instanceof DecodeError || error instanceof UnexpectedStatusError) return true
  return error instanceof DriverError && !general.includes(error.code) && !(error.cause instanceof ChannelError)
}

/** Of a refusal that is one of the driver's own. */
export function codeOf(error: Refusal): DriverErrorCode | undefined {
  return error instanceof DriverError ? error.code : undefined
}
