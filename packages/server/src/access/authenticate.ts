/** Who sends a request: what it shows is of one way in, and that one says whose it is. */
import type { IncomingMessage } from 'node:http'
import type { Caller, Hsm } from '@keytether/hsm'
import type { ServiceConfig } from '../config.ts'
import { clientCertificates } from './client-certificates.ts'
import { configuredTokens } from './configured-tokens.ts'
import { madeTokens } from './made-tokens.ts'
import { oidcTokens } from './oidc/tokens.ts'
import { sessions } from './sessions.ts'
import { tenantCertificates } from './tenant-certificates.ts'
import type { WayIn } from './way-in.ts'

/**
 * @param address where the request comes from
 * @returns undefined: nobody who may log in, whatever the reason
 * @throws HsmError TOO_MANY_REQUESTS
 */
export type Authenticate = (
  request: IncomingMessage,
  address: string,
) => Caller | undefined | Promise<Caller | undefined>

export async function authenticator(
  config: Pick<ServiceConfig, 'tokens' | 'rootTokens' | 'tls' | 'url'>,
  hsm: Hsm,
): Promise<Authenticate> {
  const ways: readonly WayIn[] = [
    await configuredTokens(config, hsm),
    oidcTokens(hsm),
    sessions(config, hsm),
    madeTokens(hsm),
    clientCertificates(config, hsm),
    tenantCertificates(hsm),
  ]
  return async (request, address) => {
    const way = ways.find(way => way.shown(request))
    const caller = await way?.callerOf(request, address)
    if (way !== undefined && caller === undefined) hsm.tries.failed('', address)
    return caller
  }
}
