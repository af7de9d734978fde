/** Errors that concern one object alone: the next one may do. */
import { ChannelError } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { DriverError, type DriverErrorCode } from '../errors.ts'

/** With these, all others would fail, too. */
const general: readonly DriverErrorCode[] = ['SECURE_CHANNEL', 'NOT_LOGGED_IN']

/** The card refused, or what it was to be given makes no sense; the card is still within reach. */
export function isRefusal(error: unknown): error is DriverError | DecodeError {
  if (error instanceof DecodeError) return true
  return error instanceof DriverError && !general.includes(error.code) && !(error.cause instanceof ChannelError)
}
