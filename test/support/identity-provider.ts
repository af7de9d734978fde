/** An OpenID provider on this machine, which gives programs access tokens: `oidc-provider`, as others run it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export interface IdentityProviderOptions {
  readonly audience: string
  /** What a program's tokens claim besides, by its client id. */
  readonly claims: Readonly<Record<string, object>>
  /** JSON Web Keys, private. */
  readonly keys: readonly object[]
  readonly port?: number
}

const secret = 'the-secret-of-every-client'

export class IdentityProvider implements AsyncDisposable {
  readonly url: string
  readonly #server: Server

  private constructor(url: string, server: Server) {
    this.url = url
    this.#server = server
  }

  static async start({ audience, claims, keys, port = 0 }: IdentityProviderOptions): Promise<IdentityProvider> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = {
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    }
    const resource = {
      scope: '',
      audience,
      accessTokenFormat: 'jwt',
      accessTokenTTL: 300,
      jwt: { sign: { alg: 'ES256' } },
    }
    const provider = new Provider(url, {
      clients: Object.keys(claims).map(client_id => ({ client_id, ...client })),
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => 'https://keytether.example',
          getResourceServerInfo: () => resource,
        },
      },
      extraTokenClaims: (_: unknown, { clientId }: { readonly clientId: string }) => claims[clientId],
      jwks: { keys },
    })
    server.on('request', provider.callback())
    return new IdentityProvider(url, server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** A program's access token. */
  async token(client: string): Promise<string> {
    const answer = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
    if (token === undefined) throw new Error(`no token for ${client}: HTTP ${answer.status}`)
    return token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
