/** Who sends a request: the holder of one of the bearer tokens, or of a client certificate. */
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type * as hsm from '@keytether/hsm'
import type { ServiceConfig } from './config.ts'

export interface Caller extends hsm.Caller {
  readonly kind: 'token' | 'certificate'
}

export type Authenticate = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>

/** Whoever the configuration lets in. */
const roles = ['administrator', 'custodian', 'manager', 'operator', 'auditor'] as const

/** @param name of a token, the beginning of its hash; of a certificate, its subject */
function configured(kind: Caller['kind'], name: string): Caller {
  return { kind, name, principal: `${kind} ${name}`, tenant: 'main', roles, tags: [] }
}

/** @see RFC 6750, 2.1 */
export function authenticator({ tokens, tls }: Pick<ServiceConfig, 'tokens' | 'tls'>): Authenticate {
  const known = tokens.map(hash)
  return request => {
    const { authorization } = request.headers
    // Who shows a token that is none is refused, whatever else they could show.
    if (authorization !== undefined) return byToken(known, authorization)
    return request.socket instanceof TLSSocket ? byCertificate(request.socket, tls?.clientFingerprints) : undefined
  }
}

function byToken(known: readonly Buffer[], authorization: string): Caller | undefined {
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
  if (token === undefined) return undefined
  const presented = hash(token)
  // Hashes are of one length, and all of them are compared: time tells neither how far a guess is right nor whose it is.
  const found = known.filter(one => timingSafeEqual(one, presented)).length > 0
  return found ? configured('token', presented.toString('hex', 0, 4)) : undefined
}

function byCertificate(socket: TLSSocket, fingerprints: readonly string[] | undefined): Caller | undefined {
  if (!socket.authorized) return undefined
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fingerprint = certificate.fingerprint256.replaceAll(':', '')
  if (fingerprints !== undefined && !fingerprints.includes(fingerprint)) return undefined
  return configured('certificate', certificate.subject.replaceAll('\n', ', '))
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
