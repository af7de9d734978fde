/** Tokens that administrators made for principals; and whatever else stands in an Authorization header, which is nobody's. */
import type { Hsm } from '@keytether/hsm'
import { bearerToken } from './bearer.ts'
import type { WayIn } from './way-in.ts'

export function madeTokens({ logins }: Hsm): WayIn {
  return {
    shown: ({ headers }) => headers.authorization !== undefined,
    async callerOf(request, address) {
      const token = bearerToken(request)
      return token === undefined ? undefined : logins.byToken(token, address)
    },
  }
}
