/**
 * How an agent shows whose it is when it dials in: a JSON Web Token, signed with its own Ed25519 key, whose public part stands in the
 * header. Each is for one service, one time and a minute.
 *
 * @see RFC 7519 JSON Web Tokens, RFC 8037 with Ed25519
 */
import { createPublicKey, type KeyObject, randomUUID, sign } from 'node:crypto'

export const agentProof = {
  /** Of the HTTP request that begins a session, also of one that asks for a WebSocket. */
  header: 'Keytether-Agent',
  /** `typ`, so that it is taken for no other token. */
  type: 'keytether-agent+jwt',
  algorithm: 'EdDSA',
  lifetimeS: 60,
} as const

/**
 * @param key private, Ed25519
 * @param url where the agent dials in
 * @param now milliseconds UTC
 */
export function makeAgentProof(key: KeyObject, url: URL, now: number): string {
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' })
  const iat = Math.floor(now / 1000)
  const header = { alg: agentProof.algorithm, typ: agentProof.type, jwk: { kty, crv, x } }
  const claims = { aud: agentAudience(url), iat, exp: iat + agentProof.lifetimeS, jti: randomUUID() }
  const signed = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

/** The URL without what is secret in it. */
function agentAudience({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}
