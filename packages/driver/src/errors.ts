/**
 * What a SmartCard-HSM can refuse, and what can be wrong with it.
 *
 * - `NOT_A_SMARTCARD_HSM` no such application on the card
 * - `UNKNOWN_ROOT` its certificates lead to a root that is not trusted here
 * - `NOT_GENUINE` its certificates do not verify, or it does not hold the key they certify
 * - `SECURE_CHANNEL` the protected channel is gone, or could not be opened
 * - `NOT_LOGGED_IN` the user PIN is to be presented first · `NOT_ALLOWED` by the state or the options of the device
 * - `KEY_NOT_FOUND` · `KEY_EXHAUSTED` its use counter has run out · `ALGORITHM_NOT_ALLOWED` for this key
 * - `REFERENCE_TAKEN` a key, or files of one, are there already · `NO_FREE_REFERENCE` all 255 are
 * - `NO_KEY_DOMAIN` on the device, or none of this number · `DOMAIN_INCOMPLETE` it has not its key yet
 * - `OTHER_DOMAIN` a key was wrapped under a domain that the device does not have
 * - `FILE_NOT_FOUND` · `FILE_TOO_LARGE` · `OUT_OF_MEMORY` of the card
 * - `WRONG_DATA` the card refuses the input · `NOT_SUPPORTED` by this card
 * - `MALFORMED` an answer that the protocol allows but that makes no sense
 * - `NOT_ATTESTED` a request that the device key has not signed
 * - `INCOMPLETE` an operation of several steps stopped half way; the message and `cause` say where
 */
export type DriverErrorCode =
  | 'NOT_A_SMARTCARD_HSM'
  | 'UNKNOWN_ROOT'
  | 'NOT_GENUINE'
  | 'SECURE_CHANNEL'
  | 'NOT_LOGGED_IN'
  | 'NOT_ALLOWED'
  | 'KEY_NOT_FOUND'
  | 'KEY_EXHAUSTED'
  | 'ALGORITHM_NOT_ALLOWED'
  | 'REFERENCE_TAKEN'
  | 'NO_FREE_REFERENCE'
  | 'NO_KEY_DOMAIN'
  | 'DOMAIN_INCOMPLETE'
  | 'OTHER_DOMAIN'
  | 'FILE_NOT_FOUND'
  | 'FILE_TOO_LARGE'
  | 'OUT_OF_MEMORY'
  | 'WRONG_DATA'
  | 'NOT_SUPPORTED'
  | 'MALFORMED'
  | 'NOT_ATTESTED'
  | 'INCOMPLETE'

/** The card refused, or is not what it should be. Failures of the way to it are `ChannelError`. */
export class DriverError extends Error {
  override readonly name = 'DriverError'
  readonly code: DriverErrorCode

  constructor(code: DriverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
