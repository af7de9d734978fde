/** From a card through the agent, RAMOverHTTP and the service to an application, over real connections. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runSession } from '@keytether/agent'
import { type Channel, ChannelError } from '@keytether/card'
import { createLog, type Service, type ServiceConfig, startService } from '@keytether/server'
import { deviceIdentity } from '@keytether/test/device-identity'
import { requirePeers } from '@keytether/test/peers'
import { rsaKey, type SmallKey, SmallToken, smallTokenPin } from '@keytether/test/small-token'
import { type Route, routes } from '../../packages/server/src/se-api/routes.ts'
import { ApiError, type Hsm, type Key, type KeyDomain } from '../../packages/server/src/se-api/schemas.ts'

const token = 'the-token-of-this-test'
const message = Buffer.from('Hello World')
const hash = createHash('sha256').update(message).digest('hex')
const rsa = rsaKey()
const identities = [1, 2].map(number => deviceIdentity(`ZZTEST000${number}00000`))
const hsmIds = ['ZZTESTROOT.ZZTESTCA.ZZTEST0001', 'ZZTESTROOT.ZZTESTCA.ZZTEST0002']

/** A service, with everything that dialled in to it ended when it is disposed of. */
class Bench implements AsyncDisposable {
  readonly service: Service
  readonly #sessions: Promise<unknown>[] = []
  readonly #controller = new AbortController()

  private constructor(service: Service) {
    this.service = service
  }

  static async start(more: Partial<ServiceConfig> = {}, log = createLog('silent')): Promise<Bench> {
    const devices = { roots: identities.map(({ root }) => root) }
    const config = { host: '127.0.0.1', port: 0, tokens: [token], devices, ...more }
    return new Bench(await startService(config, log))
  }

  /** Lets an agent connect the card, and waits until the service can use it. */
  async dialIn(channel: Channel, authorities: readonly string[] = []): Promise<{ ended: Promise<unknown> }> {
    const { events } = this.service.devices
    const url = `${this.service.url}/rt/hsm`
    const session = runSession({ url, channel, authorities, signal: this.#controller.signal })
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
      Authorization: `Bearer ${token}`,
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

function routeOf(method: string, path: string): Route {
  const matches = (route: Route) => new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path)
  return routes.find(route => route.method === method && matches(route)) ?? assert.fail(`no route ${method} ${path}`)
}

function smallToken(index: number, keys: readonly SmallKey[] = [{ id: '0A', label: 'a key', key: rsa }]): SmallToken {
  return new SmallToken({ identity: identities[index]!, keys })
}

function assertSignature(key: Key, signature: Uint8Array, algo: string): void {
  const publicKey = createPublicKey({ key: Buffer.from(key.pubkey!, 'base64'), format: 'der', type: 'spki' })
  const pss = algo === 'RSA_PSS' && { padding: 6, saltLength: 32 }
  assert.ok(verify('sha256', message, { key: publicKey, ...pss }, signature), `${key.label}, ${algo}`)
}

test('nothing is listed before a card dials in', async () => {
  await using bench = await Bench.start()
  for (const path of ['/hsms', '/keys', '/keydomains']) assert.deepEqual(await bench.get(path), [])
})

test('a key in all its views', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(smallToken(0))
  await bench.dialIn(smallToken(1))
  const [hsm] = await bench.get<Hsm[]>('/hsms')
  assert.equal(hsm!.id, hsmIds[0])
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}`), hsm)
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}/keys`), hsm!.keys)
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}/keys/0A`), hsm!.keys[0])

  const keys = await bench.get<Key[]>('/keys')
  assert.deepEqual(
    keys.map(({ id, label, type, size, hsms }) => ({ id, label, type, size, hsms })),
    [{ id: '0A', label: 'a key', type: 'RSA', size: 1024, hsms: hsmIds }],
  )
  assert.deepEqual(await bench.get('/keys/0A'), keys[0])
  assert.deepEqual(await bench.get('/keys/0a'), keys[0])

  const domains = await bench.get<KeyDomain[]>('/keydomains')
  assert.deepEqual([domains[0]!.id, domains[0]!.hsms], [hsm!.defaultKeyDomain, [hsm!.id]])
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}`), domains[0])
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}/keys`), domains[0]!.keys)
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}/keys/0A`), domains[0]!.keys[0])

  for (const path of ['/keys/0A', `/hsms/${hsm!.id}/keys/0A`, `/keydomains/${domains[0]!.id}/keys/0A`]) {
    assertSignature(keys[0]!, await bench.sign(path, 'RSA_PKCS1'), 'RSA_PKCS1')
  }
})

test('what a key is not made for', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(
    smallToken(0, [
      { id: '0A', key: rsa },
      { id: '0B', key: rsa, useCounter: 0 },
    ]),
  )
  for (const [id, algo, digest, status, code] of [
    ['0A', 'ECDSA', hash, 400, 'WRONG_SCHEME'],
    ['0A', 'RSA_PKCS1', hash.slice(2), 400, 'WRONG_SCHEME'],
    ['0B', 'RSA_PKCS1', hash, 409, 'KEY_NOT_USABLE'],
    ['0C', 'RSA_PKCS1', hash, 404, 'UNKNOWN_KEY'],
  ] as const) {
    const { answer, ...refused } = await bench.ask('POST', `/keys/${id}/signhash`, { hash: digest, algo })
    assert.deepEqual([refused.status, ApiError.parse(answer).code], [status, code])
  }
})

test('a signature takes one HTTP round trip to the card', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(smallToken(0))
  let requests = 0
  const count = (event: unknown) => {
    if ((event as { request: IncomingMessage }).request.url === '/rt/hsm') requests++
  }
  subscribe('http.server.request.start', count)
  for (let i = 0; i < 10; i++) await bench.sign('/keys/0A', 'RSA_PKCS1')
  unsubscribe('http.server.request.start', count)
  assert.equal(requests, 10)
})

test('200 signatures at once, by two tokens', async () => {
  await using bench = await Bench.start()
  const tokens = [smallToken(0), smallToken(1)]
  for (const one of tokens) await bench.dialIn(one)
  const before = tokens.map(one => one.transmissions.length)
  const [key] = await bench.get<Key[]>('/keys')
  const all = await Promise.all(Array.from({ length: 200 }, () => bench.sign('/keys/0A', 'RSA_PKCS1')))
  for (const signature of all) assertSignature(key!, signature, 'RSA_PKCS1')
  const work = tokens.map((one, index) => one.transmissions.length - before[index]!)
  assert.equal(work[0]! + work[1]!, 200)
  assert.ok(Math.min(...work) > 50, `${work}`)
})

test('a token that is pulled in the middle of its work: the other one does it, and nobody notices', async () => {
  await using bench = await Bench.start()
  const pulled = smallToken(0)
  await bench.dialIn(pulled)
  await bench.dialIn(smallToken(1))
  const [key] = await bench.get<Key[]>('/keys')
  const { promise, resolve } = Promise.withResolvers<void>()
  pulled.hold = promise
  const all = Promise.all(Array.from({ length: 20 }, () => bench.sign('/keys/0A', 'RSA_PKCS1')))
  pulled.failure = new ChannelError('REMOVED', 'pulled')
  setTimeout(resolve, 50)
  for (const signature of await all) assertSignature(key!, signature, 'RSA_PKCS1')
  assert.deepEqual((await bench.get<Key[]>('/keys'))[0]!.hsms, [hsmIds[1]])
})

test('the only token pulled: try again later, and later it works', async () => {
  await using bench = await Bench.start()
  const pulled = smallToken(0)
  const { ended } = await bench.dialIn(pulled)
  pulled.failure = new ChannelError('REMOVED', 'pulled')
  const { status, headers, answer } = await bench.ask('POST', '/keys/0A/signhash', { hash, algo: 'RSA_PKCS1' })
  assert.deepEqual([status, ApiError.parse(answer).code, headers.get('retry-after')], [503, 'NO_DEVICE', '1'])
  assert.ok((await ended) instanceof Error)
  assert.equal((await bench.ask('GET', '/keys/0A')).status, 404)
  await bench.dialIn(smallToken(0))
  await bench.sign('/keys/0A', 'RSA_PKCS1')
})

test('a token that dials in again takes the place of its former session', async () => {
  await using bench = await Bench.start()
  const former = await bench.dialIn(smallToken(0))
  await bench.dialIn(smallToken(0))
  assert.ok((await former.ended) instanceof Error)
  assert.equal((await bench.get<Hsm[]>('/hsms')).length, 1)
  await bench.sign('/keys/0A', 'RSA_PKCS1')
})

test('a service that ends finishes what is under way', async () => {
  await using bench = await Bench.start()
  const slow = smallToken(0)
  const { ended } = await bench.dialIn(slow)
  const { promise, resolve } = Promise.withResolvers<void>()
  slow.hold = promise
  const signature = bench.sign('/keys/0A', 'RSA_PKCS1')
  await new Promise(done => setTimeout(done, 50))
  const closed = bench.service.close()
  const { status, answer } = await bench.ask('GET', '/keys')
  assert.deepEqual([status, ApiError.parse(answer).code], [503, 'SHUTTING_DOWN'])
  resolve()
  assert.equal((await signature).length, 128)
  await closed
  assert.ok((await ended) instanceof Error)
})

test('cards come over TLS, too', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-tls-'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key']
  const subject = ['-subj', '/CN=here', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', 'server.pem'], { cwd: folder, stdio: 'ignore' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const certificate = read('server.pem')
  await using bench = await Bench.start({ tls: { certificate, key: read('server.key') } })
  rmSync(folder, { recursive: true })
  assert.match(bench.service.url, /^https:/)
  await bench.dialIn(smallToken(0), [certificate])
  assert.equal(bench.service.devices.hsms().length, 1)
})

test('the log tells what happened and no secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-log-'))
  const file = join(folder, 'log')
  {
    const devices = {
      roots: identities.map(({ root }) => root),
      pins: new Map([[hsmIds[0]!, Buffer.from(smallTokenPin)]]),
    }
    await using bench = await Bench.start({ devices }, createLog('trace', openSync(file, 'w')))
    await bench.dialIn(new SmallToken({ identity: identities[0]!, keys: [{ id: '0A', key: rsa }], loggedIn: false }))
    await bench.sign('/keys/0A', 'RSA_PKCS1')
    await bench.ask('POST', '/keys/0A/signhash', { hash, algo: 'ECDSA' })
    await fetch(`${bench.service.url}/se/api/keys?token=${token}`)
  }
  const log = readFileSync(file, 'utf8')
  rmSync(folder, { recursive: true })
  for (const wanted of [/"device ready"/, /"status":200/, /"WRONG_SCHEME"/, /"UNAUTHORIZED"/, /"device offline"/]) {
    assert.match(log, wanted)
  }
  assert.doesNotMatch(log, new RegExp(`${token}|${smallTokenPin}|uthorization`))
})
