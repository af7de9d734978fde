/** What a request shows in its Authorization header. */
import type { IncomingMessage } from 'node:http'

/**
 * @returns undefined if there is none, or something else than a bearer token
 * @see RFC 6750, 2.1
 */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? '')?.[1]
}
