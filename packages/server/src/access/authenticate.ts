/** Who sends a request: what it shows is of one way in, and that one says whose it is. */
import type { IncomingMessage } from 'node:http'
import type { Caller, Hsm } from '@keytether/hsm'
import type { ServiceConfig } from '../config.ts'
import { clientCertificates } from './client-certificates.ts'
import { configuredTokens } from './configured-tokens.ts'
import { madeTokens } from './made-tokens.ts'

export type Authenticate = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>

/** Something that a request can show. */
export interface WayIn {
  /** Whether it shows something of this kind. The first way in that says so decides: who shows what is nothing is refused, whatever else he could show. */
  shown(request: IncomingMessage): boolean
  /** Whose it is; undefined: nobody's, or not any more. */
  callerOf(request: IncomingMessage): Promise<Caller | undefined>
}

export async function authenticator(
  config: Pick<ServiceConfig, 'tokens' | 'rootTokens' | 'tls'>,
  hsm: Hsm,
): Promise<Authenticate> {
  const ways: readonly WayIn[] = [await configuredTokens(config, hsm), madeTokens(hsm), clientCertificates(config, hsm)]
  return request => ways.find(way => way.shown(request))?.callerOf(request)
}
