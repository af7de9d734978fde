/**
 * Why a card can no longer be reached: `CLOSED` by us, `REMOVED` the card or its connection is gone, `TIMEOUT` no answer
 * in time, `TRANSPORT` the transport failed, `PROTOCOL` the answer does not follow the transport's format.
 */
export type ChannelErrorCode = 'CLOSED' | 'REMOVED' | 'TIMEOUT' | 'TRANSPORT' | 'PROTOCOL'

export interface ChannelErrorOptions extends ErrorOptions {
  readonly responses?: readonly Uint8Array[]
}

/** The channel to a card failed. What was outstanding may or may not have been carried out. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  readonly code: ChannelErrorCode
  /** Not a property, or whoever logs the error would log what the card has deciphered. */
  readonly #responses: readonly Uint8Array[]

  constructor(code: ChannelErrorCode, message: string, { responses = [], ...options }: ChannelErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.#responses = responses
  }

  /** What the first commands of the batch answered before it failed, where the channel can tell. */
  get responses(): readonly Uint8Array[] {
    return this.#responses
  }
}

/** The card answered a command with a status word that the command does not list as an outcome. */
export class UnexpectedStatusError extends Error {
  override readonly name = 'UnexpectedStatusError'
  readonly command: string
  readonly sw: number

  constructor(command: string, sw: number, meaning: string) {
    super(`${command}: the card answered ${sw.toString(16).toUpperCase().padStart(4, '0')} (${meaning})`)
    this.command = command
    this.sw = sw
  }
}

/**
 * What is wrong with secure messaging: `TOKEN` the chip failed to prove its key, `MAC` an answer was forged or altered,
 * `FORMAT` an answer is malformed, `PLAIN` an answer is not protected, `CLOSED` it ended with an earlier one of these.
 */
export type SecureMessagingErrorCode = 'TOKEN' | 'MAC' | 'FORMAT' | 'PLAIN' | 'CLOSED'

/** The secure channel to the card cannot be opened, or has ended. */
export class SecureMessagingError extends Error {
  override readonly name = 'SecureMessagingError'
  readonly code: SecureMessagingErrorCode
  /** The status word of an answer that is not protected. */
  readonly sw: number | undefined

  constructor(code: SecureMessagingErrorCode, message: string, sw?: number) {
    super(sw === undefined ? message : `${message} (${sw.toString(16).toUpperCase().padStart(4, '0')})`)
    this.code = code
    this.sw = sw
  }
}
