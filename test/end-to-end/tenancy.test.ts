/** What tenants of one service may have and ask for, and that none takes it from another. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { runSession } from '@keytether/agent'
import { type Client, createClient, fetchTransport } from '@keytether/api'
import { emulatorRoot, type Latency } from '@keytether/emulator'
import { createLog, type Service, startService } from '@keytether/server'
import { BenchToken, shares, until } from '@keytether/test/group-bench'
import { keytether } from '@keytether/test/keytether'

const rootToken = 'the-token-of-root-in-this-test'
const ending = new AbortController()
const sessions: Promise<unknown>[] = []
let service: Service

before(async () => {
  service = await startService(
    {
      ...{ host: '127.0.0.1', port: 0, tokens: [], rootTokens: [rootToken], database: 'sqlite::memory:' },
      devices: { roots: [emulatorRoot], admit: 'claimed' },
    },
    createLog('silent'),
  )
})
after(async () => {
  await service.close()
  ending.abort()
  await Promise.all(sessions)
})

const client = (token: string): Client => createClient({ send: fetchTransport(service.url, token), strict: true })

/** A tenant with a token on which it has a key, and what its administrator, who may everything, logs in with. */
async function tenant(name: string, latency?: Latency): Promise<string> {
  const { token: first } = await client(rootToken).createTenant({ body: { name, administrator: 'ann' } })
  const ann = client(first)
  const roles = ['administrator', 'manager', 'operator', 'auditor'] as const
  await ann.changePrincipal({ params: { principal: 'ann' }, body: { roles: [...roles] } })
  const { secret } = await ann.createEnrolment({ body: { name: 'agents' } })
  const channel = await (await BenchToken.make(shares, latency)).plug()
  const url = `${service.url}/rt/hsm?enrolment=${secret}`
  sessions.push(runSession({ url, channel, signal: ending.signal }).catch(() => {}))
  await until(async () => (await ann.listDevices()).items[0]?.state === 'ready')
  const group = (await ann.listGroups()).items[0]!.name
  await ann.createKey({ body: { name: 'web', group, kind: 'EC', curve: 'secp256r1' } })
  return first
}

interface Answered {
  readonly status: number
  readonly retryAfter: string | null
}

async function post(token: string, path: string, body: RequestInit['body'], more: RequestInit = {}): Promise<Answered> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...more.headers }
  const response = await fetch(`${service.url}/v1${path}`, { method: 'POST', body: body!, ...more, headers })
  await response.arrayBuffer()
  return { status: response.status, retryAfter: response.headers.get('retry-after') }
}

const digest = createHash('sha256').update('Hello').digest('base64')
const signing = JSON.stringify({ digest, algorithm: 'ES256' })
const sign = (token: string, signal?: AbortSignal) =>
  post(token, '/keys/web/sign', signing, signal === undefined ? {} : { signal })

test('limits by the command line: root sets them, the tenant sees them, and they hold', async () => {
  const token = await tenant('office')
  const at = (credential: string, ...args: string[]) =>
    keytether(args, { env: { KEYTETHER_URL: service.url, KEYTETHER_TOKEN: credential } })
  const change = ['tenant', 'change', 'office', '--limit', 'devices=1', 'keys=2', 'body-bytes=2048']
  const changed = await at(rootToken, ...change, '--rate', 'use=50', '--at-once', 'use=20', 'slow=1')
  assert.equal(changed.code, 0, changed.stderr)
  assert.match(changed.stdout, /2 keys\n.*2048 bytes in a request\n.*use: 50 a second, 20 at once\n.*slow: 1 at once\n/)
  assert.match((await at(rootToken, 'tenant', 'list')).stdout, /office .* 1 devices, 2 keys, 2048 bytes in a request, /)
  const shown = await at(token, 'tenant', 'show')
  assert.match(shown.stdout, /devices +1 +1\ngroups +1 +any number\nkeys +1 +2\nprincipals +1 +any number\n/)
  assert.equal((await at(token, ...change)).code, 1)
  assert.equal((await at(rootToken, 'tenant', 'change', 'office')).code, 2)
  assert.equal((await at(rootToken, 'tenant', 'change', 'office', '--limit', 'cats=1')).code, 2)
  const group = (await client(token).listGroups()).items[0]!.name
  const make = (name: string) => at(token, 'key', 'create', name, '--group', group, '--ec', 'secp256r1')
  assert.equal((await make('mail')).code, 0)
  const refused = await make('more')
  assert.deepEqual([refused.code, /may have 2 keys and has them/.test(refused.stderr)], [1, true], refused.stderr)
})

test('a body is no larger than it may be, also where it does not say how large it is', async () => {
  const token = await tenant('small')
  const sized = (bytes: number) => ({ name: 'x', roles: ['operator'], tags: ['t'.repeat(100)], pad: 'x'.repeat(bytes) })
  const ask = (bytes: number, chunked = false) => {
    const text = JSON.stringify(sized(bytes))
    if (!chunked) return post(token, '/principals', text)
    return post(token, '/principals', new Blob([text]).stream(), { duplex: 'half' } as RequestInit)
  }
  // Refused for what is in it, and not for how long it is.
  for (const chunked of [false, true]) assert.equal((await ask(3_000, chunked)).status, 400)
  await client(rootToken).changeTenant({ params: { tenant: 'small' }, body: { limits: { bodyBytes: 2_048 } } })
  for (const chunked of [false, true]) assert.equal((await ask(3_000, chunked)).status, 413, String(chunked))
  for (const chunked of [false, true]) assert.equal((await ask(1_000, chunked)).status, 400)
  const group = (await client(token).listGroups()).items[0]!.name
  await client(token).createKey({ body: { name: 'data', group, kind: 'AES', bits: 256 } })
  const stream = (bytes: number) =>
    post(token, '/encrypt/stream?key=data', new Blob([randomBytes(bytes)]).stream(), {
      duplex: 'half',
      headers: { 'Content-Type': 'application/octet-stream' },
    } as RequestInit)
  assert.equal((await stream(1_000)).status, 200)
  const large = await stream(3_000).catch(error => error)
  assert.ok(large instanceof Error || large.status === 413, String(large.status))
})

test('one tenant asks for more than it may, and another notices nothing', async () => {
  const [busy, calm] = [await tenant('busy'), await tenant('calm')]
  const rates = { use: { perSecond: 40, atOnce: 4 } }
  await client(rootToken).changeTenant({ params: { tenant: 'busy' }, body: { limits: { rates } } })
  const flood = Promise.all(Array.from({ length: 300 }, () => sign(busy)))
  for (let i = 0; i < 20; i++) assert.equal((await sign(calm)).status, 200)
  const answers = await flood
  const refused = answers.filter(({ status }) => status === 429)
  assert.equal(answers.filter(({ status }) => status === 200).length + refused.length, 300)
  assert.ok(refused.length > 100, `${refused.length}`)
  for (const { retryAfter } of refused) assert.match(retryAfter!, /^[1-9]$/)
  const batch = { items: Array.from({ length: 80 }, () => ({ operation: 'sign', key: 'web', input: { digest } })) }
  const sent = () => post(busy, '/batch', JSON.stringify(batch))
  await until(async () => (await sent()).status !== 429)
  // Twice what a second has was taken.
  assert.deepEqual(await sign(busy), { status: 429, retryAfter: '2' })
})

test('who waits for a slow token keeps nobody else waiting', async () => {
  const [slow, quick] = [await tenant('slow', ({ kind }) => (kind === 'sign' ? 400 : 0)), await tenant('quick')]
  const controller = new AbortController()
  let done = 0
  const waiting = Array.from({ length: 20 }, () =>
    sign(slow, controller.signal).then(
      () => done++,
      () => {},
    ),
  )
  await until(() => done > 0)
  for (let i = 0; i < 10; i++) assert.equal((await sign(quick)).status, 200)
  assert.ok(done < 19, `${done} of 20 were done before 10 of the other tenant`)
  controller.abort()
  await Promise.all(waiting)
})
