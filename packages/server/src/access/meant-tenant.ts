/** Where several tenants trust the issuer of what a request shows, which of them it is for. */
import type { IncomingMessage } from 'node:http'
import { tenantHeader } from '@keytether/api/oidc'

/** @returns the name or id of a tenant; undefined: the only one */
export function meantTenant({ headers }: IncomingMessage): string | undefined {
  const named = headers[tenantHeader.toLowerCase()]
  return typeof named === 'string' ? named : undefined
}
