/** A service with cards that dial in to it and an application that asks it, all in this process, over real connections. */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { runSession, type SessionOptions } from '@keytether/agent'
import type { Channel } from '@keytether/card'
import { createLog, type Service, type ServiceConfig, startService } from '@keytether/server'
import { routes } from '../../packages/server/src/se-api/routes.ts'
import type { Key } from '../../packages/server/src/se-api/schemas.ts'
import { deviceIdentity } from './device-identity.ts'
import { rsaKey, type SmallKey, SmallToken } from './small-token.ts'

export const apiToken = 'the-token-of-this-test'
const message = Buffer.from('Hello World')
export const hash = createHash('sha256').update(message).digest('hex')
export const rsa = rsaKey()
/** Two devices, which the service trusts unless told otherwise. */
export const identities = [1, 2].map(number => deviceIdentity(`ZZTEST000${number}00000`))
export const hsmIds = ['ZZTESTROOT.ZZTESTCA.ZZTEST0001', 'ZZTESTROOT.ZZTESTCA.ZZTEST0002']

/** A service, with everything that dialled in to it ended when it is disposed of. */
export class Bench implements AsyncDisposable {
  readonly service: Service
  readonly #sessions: Promise<unknown>[] = []
  readonly #controller = new AbortController()

  private constructor(service: Service) {
    this.service = service
  }

  static async start(more: Partial<ServiceConfig> = {}, log = createLog('silent')): Promise<Bench> {
    const devices = { roots: identities.map(({ root }) => root) }
    const config = { host: '127.0.0.1', port: 0, tokens: [apiToken], devices, ...more }
    return new Bench(await startService(config, log))
  }

  /** Lets an agent connect the card, and waits until the service can use it. */
  async dialIn(
    channel: Channel,
    options: Pick<SessionOptions, 'authorities' | 'transport'> = {},
  ): Promise<{ ended: Promise<unknown> }> {
    const { events } = this.service.devices
    const url = `${this.service.url}/rt/hsm`
    const session = runSession({ url, channel, ...options, signal: this.#controller.signal })
    const ended = session.then(
      () => undefined,
      error => error,
    )
    this.#sessions.push(ended)
    const [device] = await once(events, 'change')
    while (device.state !== 'ready') {
      await once(events, 'change')
      assert.notEqual(device.state, 'offline', device.reason)
    }
    return { ended }
  }

  async ask(method: string, path: string, body?: unknown) {
    const headers = {
      Authorization: `Bearer ${apiToken}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    }
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${this.service.url}/se/api${path}`, { method, headers, ...init })
    const answer = await response.json()
    return { status: response.status, headers: response.headers, answer }
  }

  /** The answer to what is right, which must be what the route declares. */
  async get<T>(path: string): Promise<T> {
    const { status, answer } = await this.ask('GET', path)
    assert.equal(status, 200, path)
    return routeOf('GET', path).answer.parse(answer) as T
  }

  async sign(path: string, algo: string): Promise<Buffer> {
    const { status, answer } = await this.ask('POST', `${path}/signhash`, { hash, algo })
    assert.equal(status, 200, `${path}: ${JSON.stringify(answer)}`)
    return Buffer.from(
      (routeOf('POST', `${path}/signhash`).answer.parse(answer) as { signature: string }).signature,
      'hex',
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close()
    this.#controller.abort()
    await Promise.all(this.#sessions)
  }
}

type Route = (typeof routes)[number]

function routeOf(method: string, path: string): Route {
  const matches = (route: Route) => new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path)
  return routes.find(route => route.method === method && matches(route)) ?? assert.fail(`no route ${method} ${path}`)
}

export function smallToken(
  index: number,
  keys: readonly SmallKey[] = [{ id: '0A', label: 'a key', key: rsa }],
): SmallToken {
  return new SmallToken({ identity: identities[index]!, keys })
}

export function assertSignature(key: Key, signature: Uint8Array, algo: string): void {
  const publicKey = createPublicKey({ key: Buffer.from(key.pubkey!, 'base64'), format: 'der', type: 'spki' })
  const pss = algo === 'RSA_PSS' && { padding: 6, saltLength: 32 }
  assert.ok(verify('sha256', message, { key: publicKey, ...pss }, signature), `${key.label}, ${algo}`)
}
