/** Tokens that the configuration lists. Each is a principal, by the beginning of its hash. */
import { type Hsm, tokenHash } from '@keytether/hsm'
import type { ServiceConfig } from '../config.ts'
import { bearerToken } from './bearer.ts'
import { type Configured, inMain } from './configured.ts'
import type { WayIn } from './way-in.ts'

export async function configuredTokens(
  { tokens, rootTokens = [] }: Pick<ServiceConfig, 'tokens' | 'rootTokens'>,
  { logins, tenants }: Hsm,
): Promise<WayIn> {
  const known = new Map<string, Configured>()
  for (const token of tokens) {
    const hash = tokenHash(token)
    known.set(hash, inMain(tenants.main, `token-${hash.slice(0, 8)}`))
  }
  for (const token of rootTokens) {
    const hash = tokenHash(token)
    known.set(hash, { name: `root-${hash.slice(0, 8)}`, tenant: null, roles: ['root'] })
  }
  for (const { name, tenant, roles } of known.values()) await logins.configure(name, tenant, roles)
  const configured = (token: string | undefined) => (token === undefined ? undefined : known.get(tokenHash(token)))
  return {
    shown: request => configured(bearerToken(request)) !== undefined,
    async callerOf(request, address) {
      const { name, tenant, roles } = configured(bearerToken(request))!
      return logins.byName(name, tenant, roles, { credential: 'token of the settings', address })
    },
  }
}
