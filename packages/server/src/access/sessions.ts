/** Sessions of people: their tokens as bearer tokens of programs, or in the cookie of a browser. */
import type { Hsm } from '@keytether/hsm'
import type { ServiceConfig } from '../config.ts'
import { bearerToken } from './bearer.ts'
import { cookieToken, isFromHere } from './session-cookie.ts'
import type { WayIn } from './way-in.ts'

export function sessions({ url, tls }: Pick<ServiceConfig, 'url' | 'tls'>, { sessions }: Hsm): WayIn {
  const origin = url === undefined ? undefined : new URL(url).origin
  const secure = isSecure(url, tls !== undefined)
  const isOne = (token: string | undefined) => token?.startsWith('kts_') === true
  return {
    shown: request =>
      isOne(bearerToken(request)) ||
      (request.headers.authorization === undefined && cookieToken(request, secure) !== undefined),
    async callerOf(request, address) {
      const token = bearerToken(request)
      if (token !== undefined) return sessions.byToken(token, address)
      return isFromHere(request, origin) ? sessions.byToken(cookieToken(request, secure)!, address) : undefined
    },
  }
}

/**
 * Whether browsers reach the service over TLS, which a proxy may end.
 *
 * @param secure whether the service itself speaks TLS
 */
export function isSecure(url: string | undefined, secure: boolean): boolean {
  return url === undefined ? secure : url.startsWith('https:')
}
