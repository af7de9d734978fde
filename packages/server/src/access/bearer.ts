/** What a request shows in its Authorization header. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * @returns undefined if there is none, or something else than a bearer token
 * @see RFC 6750, 2.1
 */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? '')?.[1]
}

/** SHA-256, hexadecimal. What is looked up is a hash, of which nobody can choose a beginning: time tells nothing about a token. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
