/** Agents that a service knows by their keys, over both transports, and those that it does not know. */
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSession, type SessionOptions } from '@keytether/agent'
import { createClient, fetchTransport } from '@keytether/api'
import { agentProof, Initiation, makeAgentProof } from '@keytether/card'
import { encode, fromHex } from '@keytether/codec'
import { Emulator, emulatorRoot, memoryStore, type Store } from '@keytether/emulator'
import { createLog, type Service, startService } from '@keytether/server'
import { eachDatabase } from '@keytether/test/databases'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'

const [rootToken, mainToken] = ['the-token-of-root-in-this-test', 'the-token-of-main-in-this-test']
const newKey = () => generateKeyPairSync('ed25519').privateKey
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  killAll()
})

async function start(database = 'sqlite::memory:'): Promise<Service> {
  const devices = { roots: [emulatorRoot], admit: 'claimed' } as const
  const config = { host: '127.0.0.1', port: 0, tokens: [mainToken], rootTokens: [rootToken], database, devices }
  const service = await startService({ ...config, masterKey: { key: new Uint8Array(32) } }, createLog('silent'))
  ends.push(() => service.close())
  return service
}

const client = ({ url }: Service, token = mainToken) => createClient({ send: fetchTransport(url, token), strict: true })

/** Dials in with a new card. @returns why the session is over; undefined: it goes on until the end of the test */
async function dialIn(
  { url }: Pick<Service, 'url'>,
  options: Pick<SessionOptions, 'key' | 'transport'> & { readonly enrolment?: string; readonly store?: Store },
) {
  const { enrolment, store = memoryStore(), ...session } = options
  const at = new URL(`${url}/rt/hsm`)
  at.password = enrolment ?? ''
  const channel = await Emulator.open({ store })
  const controller = new AbortController()
  const taken = Promise.withResolvers<undefined>()
  const ended = runSession({
    ...session,
    ...{ url: at, channel, signal: controller.signal },
    hooks: { connected: () => taken.resolve(undefined) },
  }).then(
    () => 'the server ended it',
    (error: Error) => error.message,
  )
  ends.push(async () => {
    controller.abort()
    await ended
  })
  const leave = () => {
    controller.abort()
    return ended
  }
  return { first: await Promise.race([taken.promise, ended]), ended, leave }
}

async function claimed(service: Service, count: number, token = mainToken) {
  for (let tries = 0; tries < 500; tries++) {
    const { items } = await client(service, token).listDevices()
    if (items.length === count) return items
    await sleep(20)
  }
  return assert.fail(`there are not ${count} devices`)
}

eachDatabase((_, open) => {
  test('an agent is enrolled once, and brings devices from then on, until it is revoked', async () => {
    const service = await start(await open())
    const ask = client(service)
    await ask.createGroup({ body: { name: 'signers' } })
    const { secret } = await ask.createEnrolment({ body: { name: 'rack', uses: 1, group: 'signers' } })
    const key = newKey()
    const both = await Promise.all([
      dialIn(service, { key, enrolment: secret }),
      dialIn(service, { key, enrolment: secret, transport: 'http' }),
    ])
    assert.deepEqual(
      both.map(({ first }) => first),
      [undefined, undefined],
    )
    const late = await dialIn(service, { key: newKey(), enrolment: secret })
    assert.match(late.first!, /HTTP 403.*no agent with this key/)
    for (const transport of ['auto', 'http'] as const)
      assert.equal((await dialIn(service, { key, transport })).first, undefined)
    const devices = await claimed(service, 4)
    assert.deepEqual(new Set(devices.map(({ group }) => group)), new Set(['signers']))
    const { items } = await ask.listAgents()
    assert.deepEqual(
      items.map(({ name, group, url }) => [name, group, url]),
      [['rack', 'signers', `${service.url}/rt/hsm`]],
    )
    assert.ok(items[0]!.lastSeenAt)
    assert.deepEqual((await ask.getPrincipal({ params: { principal: 'rack' } })).roles, ['agent'])
    await ask.changePrincipal({ params: { principal: 'rack' }, body: { disabled: true } })
    for (const { ended } of both) assert.match(await ended, /its agent may not connect devices any more/)
    assert.match((await dialIn(service, { key })).first!, /HTTP 403/)
    await ask.changePrincipal({ params: { principal: 'rack' }, body: { disabled: false } })
    assert.equal((await dialIn(service, { key })).first, undefined)
    await ask.deletePrincipal({ params: { principal: 'rack' } })
    assert.match((await dialIn(service, { key })).first!, /HTTP 403/)
    assert.deepEqual((await ask.listAgents()).items, [])
  })
})

test('what its tenant has released, an agent does not claim back', async () => {
  const service = await start()
  const ask = client(service)
  const { secret } = await ask.createEnrolment({ body: { name: 'rack', uses: 1 } })
  const [key, store] = [newKey(), memoryStore()]
  const { leave } = await dialIn(service, { key, store, enrolment: secret })
  const [device] = await claimed(service, 1)
  await ask.releaseDevice({ params: { device: device!.name } })
  await leave()
  await dialIn(service, { key, store })
  await dialIn(service, { key })
  await claimed(service, 1)
  const { items } = await client(service, rootToken).listQuarantine()
  assert.deepEqual(
    items.map(({ path }) => path),
    [device!.path],
  )
})

describe('who has no key that is known', () => {
  test('a proof for another URL, or of an agent of another tenant', async () => {
    const service = await start()
    const key = newKey()
    const elsewhere = { url: service.url.replace('127.0.0.1', 'localhost') }
    const made = await client(service).createEnrolment({ body: { name: 'rack', uses: 2 } })
    assert.equal((await dialIn(service, { key, enrolment: made.secret })).first, undefined)
    assert.match((await dialIn(elsewhere, { key })).first!, /HTTP 403/)
    const other = await client(service, rootToken).createTenant({ body: { name: 'other' } })
    const theirs = await client(service, other.token).createEnrolment({ body: { name: 'theirs' } })
    assert.match((await dialIn(elsewhere, { key, enrolment: theirs.secret })).first!, /HTTP 403/)
    assert.equal((await dialIn(elsewhere, { key, enrolment: made.secret })).first, undefined)
    assert.match((await dialIn(service, { key })).first!, /HTTP 403/)
    assert.deepEqual((await client(service, other.token).listDevices()).items, [])
  })

  test('proofs that are old, shown before, of another kind, or no proofs', async () => {
    const service = await start()
    const url = new URL(`${service.url}/rt/hsm`)
    const key = newKey()
    const { secret } = await client(service).createEnrolment({ body: { name: 'rack', uses: 1 } })
    const body = encode(Initiation, { atr: fromHex('3B') })
    const Authorization = `Basic ${Buffer.from(`:${secret}`).toString('base64')}`
    const post = async (proof: string) => {
      const headers = { Authorization, [agentProof.header]: proof }
      // Who is taken in is answered when there is a command for the card: at once, since it is asked who it is.
      const response = await fetch(url, { method: 'POST', body, headers })
      await response.arrayBuffer()
      return response.status
    }
    const now = Date.now()
    for (const at of [now - 130_000, now + 130_000]) assert.equal(await post(makeAgentProof(key, url, at)), 403)
    const [head, claims, signature] = makeAgentProof(key, url, now).split('.')
    const changed = (part: string, change: object) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...change })).toString(
        'base64url',
      )
    for (const wrong of [
      'x',
      `${changed(head!, { alg: 'none' })}.${claims}.`,
      `${changed(head!, { typ: 'JWT' })}.${claims}.${signature}`,
      `${head}.${changed(claims!, { exp: 9e9 })}.${signature}`,
      `${changed(head!, { jwk: jwkOf(newKey()) })}.${claims}.${signature}`,
    ]) {
      assert.equal(await post(wrong), 403, wrong)
    }
    const long = `${head}.${changed(claims!, { jti: 'x'.repeat(65) })}`
    assert.equal(await post(`${long}.${sign(null, Buffer.from(long), key).toString('base64url')}`), 403)
    const proof = makeAgentProof(key, url, now)
    assert.equal(await post(proof), 200)
    assert.equal(await post(proof), 403)
    assert.equal(await post(makeAgentProof(key, url, now)), 200)
  })
})

const jwkOf = (key: KeyObject) => {
  const { kty, crv, x } = key.export({ format: 'jwk' })
  return { kty, crv, x }
}

test('on the command line: the key is made, is for this user alone, and stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-agent-key-'))
  ends.push(async () => rmSync(folder, { recursive: true }))
  const service = await start()
  const { secret } = await client(service).createEnrolment({ body: { name: 'rack', uses: 1 } })
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  const args = [
    'emulator',
    '--state',
    'token.json',
    '--ram',
    `${service.url}/rt/hsm`,
    '--key-file',
    'agent.key',
    '--json',
  ]
  const first = longRunning([...args, '--enrolment-file', 'secret'], folder)
  await first.event('connected')
  await claimed(service, 1)
  await first.end('SIGTERM')
  const path = join(folder, 'agent.key')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(createPrivateKey(readFileSync(path)).asymmetricKeyType, 'ed25519')
  const second = longRunning(args, folder)
  await second.event('connected')
  await second.end('SIGTERM')
  const env = { KEYTETHER_URL: service.url, KEYTETHER_TOKEN: mainToken }
  const listed = await keytether(['enrolment', 'agents'], { env })
  assert.match(listed.stdout, /^NAME +URL +GROUP +LAST SEEN\nrack +http.*\/rt\/hsm +20/)
  writeFileSync(join(folder, 'open.key'), readFileSync(path), { mode: 0o644 })
  writeFileSync(join(folder, 'none.key'), 'x', { mode: 0o600 })
  for (const [file, message] of [
    ['open.key', /can be read by other users/],
    ['none.key', /wanted a private Ed25519 key/],
  ] as const) {
    const { code, stderr } = await keytether([...args.slice(0, -2), file], { cwd: folder })
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /PRIVATE/)
  }
})
