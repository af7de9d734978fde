/** Refusals of a card that say nothing against it: the device stays where an error would take it offline. */
import { DriverError, type DriverErrorCode } from '@keytether/driver'

const refusals: readonly DriverErrorCode[] = [
  'ALGORITHM_NOT_ALLOWED',
  'DOMAIN_INCOMPLETE',
  'FILE_NOT_FOUND',
  'FILE_TOO_LARGE',
  'KEY_NOT_FOUND',
  'NOT_SUPPORTED',
  'NO_FREE_REFERENCE',
  'NO_KEY_DOMAIN',
  'OTHER_DOMAIN',
  'OUT_OF_MEMORY',
  'REFERENCE_TAKEN',
  'WRONG_DATA',
]

export async function attempt<T>(work: () => Promise<T>): Promise<T | DriverError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DriverError && refusals.includes(error.code)) return error
    throw error
  }
}
