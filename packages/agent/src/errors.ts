/**
 * Why a session did not come about or ended early.
 *
 * - `URL` not a URL, `SCHEME` neither http nor https, `HOST` no such host, `CONNECT` refused or no TLS, `UNTRUSTED` the
 *   server's certificate, `NETWORK` the connection broke, `TIMEOUT` no answer in time
 * - `STATUS` another HTTP status than 200 and 204, see `status`
 * - `TEMPLATE` the body is not a complete command template, `ENCODING` an element of it is malformed, `ELEMENT` is unknown
 * - `NOTICE` the server sent a message with a negative number, see `number`
 * - `CARD` the card failed or its reader, `CANCELLED` by us
 */
export type SessionErrorCode =
  | 'URL'
  | 'SCHEME'
  | 'HOST'
  | 'CONNECT'
  | 'UNTRUSTED'
  | 'NETWORK'
  | 'TIMEOUT'
  | 'STATUS'
  | 'TEMPLATE'
  | 'ENCODING'
  | 'ELEMENT'
  | 'NOTICE'
  | 'CARD'
  | 'CANCELLED'

export interface SessionErrorOptions extends ErrorOptions {
  readonly status?: number
  readonly number?: number
}

export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode
  /** The HTTP status, for `STATUS`. */
  readonly status: number | undefined
  /** The number of the message, for `NOTICE`. */
  readonly number: number | undefined

  constructor(code: SessionErrorCode, message: string, { status, number, ...options }: SessionErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.status = status
    this.number = number
  }
}
