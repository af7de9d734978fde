/** Why there is no connection, or no longer, in words that say what to look at. */
import { SessionError } from './errors.ts'

const unknownHost = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])
/** Names of what OpenSSL finds wrong with a certificate have no common form. */
const untrusted = /CERT|UNABLE_TO|CHAIN|CRL|_CA$|INVALID_PURPOSE|HOSTNAME/

export interface Attempt {
  /** The connection had been made, by TLS where that is wanted. */
  readonly connected: boolean
  /** For this request. */
  readonly fresh: boolean
  readonly secure: boolean
}

export function connectionError(cause: NodeJS.ErrnoException, { connected, fresh, secure }: Attempt): SessionError {
  if (cause instanceof SessionError) return cause
  // Where several addresses of one host were tried, the errors are within, and alike.
  const { code = '', message } = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException) : cause
  if (unknownHost.has(code)) return new SessionError('HOST', `no such host: ${message}`, { cause })
  if (untrusted.test(code)) {
    return new SessionError('UNTRUSTED', `the server's certificate is not trusted: ${message}`, { cause })
  }
  if (code === 'EPROTO' && message.includes('wrong version number')) {
    return new SessionError('CONNECT', 'cannot connect: the server does not speak TLS here; is it http:// ?', { cause })
  }
  if (connected) {
    const hint = !secure && fresh && code === 'ECONNRESET' ? '; is it https:// ?' : ''
    return new SessionError('NETWORK', `the connection broke: ${message}${hint}`, { cause })
  }
  return new SessionError('CONNECT', `cannot connect: ${message}`, { cause })
}
