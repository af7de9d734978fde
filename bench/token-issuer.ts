/** An identity provider as far as a service asks one: its keys, and tokens that it has signed. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const keys = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
} as const

export type TokenAlgorithm = keyof typeof keys

export class TokenIssuer implements Disposable {
  readonly url: string
  readonly #server: ReturnType<typeof createServer>

  private constructor(url: string, server: ReturnType<typeof createServer>) {
    this.url = url
    this.#server = server
  }

  static async start(): Promise<TokenIssuer> {
    const server = createServer((request, response) => {
      const published = Object.entries(keys).map(([alg, key]) => ({ ...publicJwk(key), kid: alg, alg, use: 'sig' }))
      const discovery = { issuer: url, jwks_uri: `${url}/keys` }
      response.end(JSON.stringify(request.url === '/keys' ? { keys: published } : discovery))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return new TokenIssuer(url, server)
  }

  token(alg: TokenAlgorithm, audience: string): string {
    const seconds = Math.floor(Date.now() / 1000)
    const claims = { iss: this.url, aud: audience, sub: 'ann', groups: ['hsm'], iat: seconds, exp: seconds + 600 }
    const signed = [{ alg, kid: alg }, claims]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(signed), { key: keys[alg], dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }

  [Symbol.dispose](): void {
    this.#server.close()
  }
}

function publicJwk(key: KeyObject): object {
  return createPublicKey(key).export({ format: 'jwk' })
}
