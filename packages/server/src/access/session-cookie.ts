/** The cookie that holds the token of a session where a browser has it: no script reads it, and no other site sends it. */
import type { IncomingMessage } from 'node:http'

/**
 * Names that begin so are refused by browsers unless they were set here, over TLS and for the whole host.
 *
 * @see RFC 6265bis, 4.1.3.2
 */
const [secureName, plainName] = ['__Host-keytether', 'keytether']
const attributes = 'Path=/; HttpOnly; SameSite=Strict'

/** @param token none: the cookie goes */
export function sessionCookie(token: string | undefined, secure: boolean): string {
  const cookie = secure
    ? `${secureName}=${token ?? ''}; ${attributes}; Secure`
    : `${plainName}=${token ?? ''}; ${attributes}`
  return token === undefined ? `${cookie}; Max-Age=0` : cookie
}

export function cookieToken({ headers }: IncomingMessage, secure: boolean): string | undefined {
  const name = secure ? secureName : plainName
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name && value) return value
  }
  return undefined
}

/**
 * Browsers send the cookie with whatever is of the same site, which others may serve a part of: what changes something is to be asked by
 * a page of here.
 *
 * @param origin where browsers reach the service, if it was told
 */
export function isFromHere({ method, headers }: IncomingMessage, origin: string | undefined): boolean {
  if (method === 'GET' || method === 'HEAD') return headers['sec-fetch-site'] !== 'cross-site'
  const from = headers.origin
  if (from === undefined || !URL.canParse(from)) return false
  return from === origin || new URL(from).host === headers.host
}
