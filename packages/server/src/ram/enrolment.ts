/**
 * The secret that the URL of a card side may carry, to show who gave it out: `https://:SECRET@hsm.example.com/rt/hsm`, or
 * `https://hsm.example.com/rt/hsm?enrolment=SECRET` for clients that cannot do the former.
 *
 * The password is the better place, since proxies write URLs into their logs.
 *
 * @see RFC 7617, 2
 * @module
 */
import type { IncomingMessage } from 'node:http'

const maxSecret = 256

export function enrolmentOf({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>): string | undefined {
  const secret = passwordOf(headers.authorization) || queryOf(url).get('enrolment') || undefined
  return secret === undefined || secret.length > maxSecret ? undefined : secret
}

function passwordOf(authorization = ''): string | undefined {
  const [, credentials] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization) ?? []
  if (credentials === undefined) return undefined
  const text = Buffer.from(credentials, 'base64').toString()
  const at = text.indexOf(':')
  return at < 0 ? undefined : text.slice(at + 1)
}

function queryOf(url: string): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
}
