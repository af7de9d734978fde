/** What an error says about the device where it came up. */
import { ChannelError, UnexpectedStatusError } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { DriverError, type DriverErrorCode } from '@keytether/driver'

const keyRefusals: readonly DriverErrorCode[] = [
  'KEY_EXHAUSTED',
  'ALGORITHM_NOT_ALLOWED',
  'WRONG_DATA',
  'NOT_ALLOWED',
  'NOT_SUPPORTED',
  'REFERENCE_TAKEN',
  'NO_FREE_REFERENCE',
  'NO_KEY_DOMAIN',
  'DOMAIN_INCOMPLETE',
  'OTHER_DOMAIN',
  'OUT_OF_MEMORY',
]

/** What says something about the key and nothing against the device, or that the key is not one for this. */
export function isKeyRefusal(error: unknown): error is Error {
  return error instanceof RangeError || (error instanceof DriverError && keyRefusals.includes(error.code))
}

/** Failures of the card, of the way to it or of its answers; anything else is a defect of ours. */
export function isDeviceFault(error: unknown): error is Error {
  return [ChannelError, DriverError, UnexpectedStatusError, DecodeError].some(kind => error instanceof kind)
}
