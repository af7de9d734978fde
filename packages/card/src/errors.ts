/**
 * Why a card can no longer be reached: `CLOSED` by us, `REMOVED` the card or its connection is gone, `TIMEOUT` no answer
 * in time, `TRANSPORT` the transport failed, `PROTOCOL` the answer does not follow the transport's format.
 */
export type ChannelErrorCode = 'CLOSED' | 'REMOVED' | 'TIMEOUT' | 'TRANSPORT' | 'PROTOCOL'

/** The channel to a card failed. What was outstanding may or may not have been carried out. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  readonly code: ChannelErrorCode

  constructor(code: ChannelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
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
