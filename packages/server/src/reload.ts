/** Settings that a service takes while it runs, and those that it does not. */
import { isDeepStrictEqual } from 'node:util'
import { asksForCertificates, type ServiceConfig } from './config.ts'

/** Each has its part in `startService`. Of `tls`, all but whether there is any, and whether clients are asked for certificates. */
const taken: ReadonlySet<keyof ServiceConfig> = new Set(['tls', 'tokens', 'rootTokens', 'proxies', 'drainMs'])

/** Names of settings that differ and are not taken before the next start. */
export function waitForRestart(before: ServiceConfig, after: ServiceConfig): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof ServiceConfig)[]
  const waiting: string[] = names.filter(name => !taken.has(name) && !isDeepStrictEqual(before[name], after[name]))
  if ((before.tls === undefined) !== (after.tls === undefined)) waiting.push('tls')
  else if (asksClients(before) !== asksClients(after)) waiting.push('tls.clientAuthorities')
  return waiting
}

function asksClients({ tls }: ServiceConfig): boolean {
  return tls !== undefined && asksForCertificates(tls)
}
