/** Who sends a request: the holder of a bearer token, or of a client certificate. */
import { createHash, type X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Caller, Hsm, Role } from '@keytether/hsm'
import type { ServiceConfig } from './config.ts'

export type Authenticate = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>

/** Whoever the configuration lets into the tenant main. */
const configuredRoles = ['administrator', 'custodian', 'manager', 'operator', 'auditor'] as const

interface Configured {
  readonly name: string
  readonly tenant: string | null
  readonly roles: readonly Role[]
}

/**
 * What the configuration lists is principals, too, by the beginning of a token's hash or the subject of a certificate; so they can be
 * disabled like others.
 *
 * @see RFC 6750, 2.1
 */
export async function authenticator(
  { tokens, rootTokens = [], tls }: Pick<ServiceConfig, 'tokens' | 'rootTokens' | 'tls'>,
  { logins, tenants }: Hsm,
): Promise<Authenticate> {
  const known = new Map<string, Configured>()
  for (const token of tokens) known.set(hash(token), inMain(tenants.main, `token-${hash(token).slice(0, 8)}`))
  for (const token of rootTokens) {
    known.set(hash(token), { name: `root-${hash(token).slice(0, 8)}`, tenant: null, roles: ['root'] })
  }
  for (const { name, tenant, roles } of known.values()) await logins.configure(name, tenant, roles)

  async function byToken(authorization: string): Promise<Caller | undefined> {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
    if (token === undefined) return undefined
    // What is looked up is a hash, of which nobody can choose a beginning: time tells nothing about a token.
    const configured = known.get(hash(token))
    return configured ? logins.byName(configured.name, configured.tenant, configured.roles) : logins.byToken(token)
  }

  return request => {
    const { authorization } = request.headers
    // Who shows a token that is none is refused, whatever else they could show.
    if (authorization !== undefined) return byToken(authorization)
    const subject = request.socket instanceof TLSSocket ? subjectOf(request.socket, tls?.clientFingerprints) : undefined
    if (subject === undefined) return undefined
    const { name, tenant, roles } = inMain(tenants.main, `certificate ${subject}`)
    return logins.byName(name, tenant, roles)
  }
}

function inMain(tenant: string, name: string): Configured {
  return { name, tenant, roles: configuredRoles }
}

function subjectOf(socket: TLSSocket, fingerprints: readonly string[] | undefined): string | undefined {
  if (!socket.authorized) return undefined
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fingerprint = certificate.fingerprint256.replaceAll(':', '')
  if (fingerprints !== undefined && !fingerprints.includes(fingerprint)) return undefined
  return certificate.subject.replaceAll('\n', ', ')
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
