/** Each route, asked rightly and wrongly; what commands of the command line make of it is in test/end-to-end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { applicationId, ChannelError, SelectApplication } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { type DeviceSession, Leases, openHsm } from '@keytether/hsm'
import { deviceIdentity } from '@keytether/test/device-identity'
import { rsaKey, SmallToken } from '@keytether/test/small-token'
import { authenticator } from '../access/authenticate.ts'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'
import { routes } from './routes.ts'
import { ApiError, LeaseGranted } from './schemas.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const tokens = ['a-token-of-this-test', 'another-token-of-it']
const identity = deviceIdentity()
const id = 'ZZTESTROOT.ZZTESTCA.ZZTEST0001'
const key = rsaKey()
const hsm = await openHsm({ devices: { roots: [identity.root] } })
const { devices } = hsm
const leases = new Leases(devices)
let requests = 0
/** So that no request waits for a log-in that failed before it. */
const anotherAddress = () => `10.0.${++requests >> 8}.${requests & 255}`
const app = buildApp({
  log: createLog('silent'),
  secure: false,
  hsm,
  leases,
  patienceMs: 1000,
  lendingPatienceMs: 300,
  addressOf: anotherAddress,
  authenticate: await authenticator({ tokens }, hsm),
  draining: () => false,
  serve: listener => createServer(listener),
})
let base: string
let token: SmallToken
let device: DeviceSession

before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
beforeEach(async () => {
  token = new SmallToken({ identity, keys: [{ id: '01', key }] })
  device = devices.attach(token)
  while (device.state !== 'ready') await once(devices.events, 'change')
})
after(async () => {
  devices.close('the test is over')
  await app.close()
  await hsm[Symbol.asyncDispose]()
})

async function ask(method: string, path: string, body?: unknown, [mine] = tokens) {
  const headers = { Authorization: `Bearer ${mine}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${base}/api${path}`, { method, headers, ...(body !== undefined && { body: text }) })
  const answer = await response.text()
  return { status: response.status, answer: answer === '' ? undefined : JSON.parse(answer) }
}

async function refusal(method: string, path: string, body?: unknown, mine = tokens) {
  const { status, answer } = await ask(method, path, body, mine)
  return { status, ...ApiError.parse(answer) }
}

async function borrow() {
  const { status, answer } = await ask('POST', '/devices/ZZTEST0001/lease', { keepLogIn: false })
  assert.equal(status, 200, JSON.stringify(answer))
  return LeaseGranted.parse(answer)
}

const select = toHex(SelectApplication.encodeRequest({ p2: 0 }, applicationId))

test('from a device in service to one that is lent, and back', async () => {
  const listed = { id, state: 'ready', keys: 1 }
  assert.deepEqual(await ask('GET', '/devices'), { status: 200, answer: [listed] })
  const { lease, device: name, atr, wasReady } = await borrow()
  assert.deepEqual([name, atr, wasReady], [id, toHex(token.atr), true])
  const { answer } = await ask('GET', '/devices')
  assert.match(answer[0].reason, /^lent to token-[0-9a-f]{8} since 20/)
  assert.deepEqual({ ...answer[0], reason: undefined }, { ...listed, state: 'lent', keys: 0, reason: undefined })

  const sent = { number: 1, commands: [select, '00'.repeat(4)] }
  const first = await ask('POST', `/leases/${lease}/transmit`, sent)
  assert.deepEqual(first, {
    status: 200,
    answer: { responses: ['620a82017885050001000401 9000'.replace(' ', ''), '6d00'] },
  })
  assert.deepEqual(await ask('POST', `/leases/${lease}/transmit`, sent), first)
  assert.deepEqual(await ask('POST', `/leases/${lease}/reset`, { number: 2 }), { status: 200, answer: { atr } })
  assert.deepEqual(await ask('DELETE', `/leases/${lease}`), { status: 204, answer: undefined })
  assert.deepEqual(await ask('DELETE', `/leases/${lease}`), { status: 204, answer: undefined })
})

test('a card that takes its time: who waits is told, and asks again', async () => {
  const { lease } = await borrow()
  const { promise, resolve } = Promise.withResolvers<void>()
  token.hold = promise
  const sent = { number: 1, commands: ['80680101'] }
  assert.deepEqual((await ask('POST', `/leases/${lease}/transmit`, sent)).answer, { working: true })
  assert.equal((await refusal('POST', `/leases/${lease}/transmit`, { ...sent, number: 2 })).code, 'BUSY')
  resolve()
  assert.deepEqual((await ask('POST', `/leases/${lease}/transmit`, sent)).answer, { responses: ['6982'] })
})

test('while it is lent, nobody else gets the device or its keys', async () => {
  const { lease } = await borrow()
  const taken = await refusal('POST', `/devices/${id}/lease`, { keepLogIn: false }, ['another-token-of-it'])
  assert.deepEqual([taken.status, taken.code], [409, 'TAKEN'])
  assert.match(taken.message, /is lent to token-[0-9a-f]{8} since/)
  for (const [method, path, body] of [
    ['POST', `/leases/${lease}/transmit`, { number: 1, commands: [] }],
    ['POST', `/leases/${lease}/reset`, { number: 1 }],
    ['DELETE', `/leases/${lease}`, undefined],
  ] as const) {
    const { status, code } = await refusal(method, path, body, ['another-token-of-it'])
    assert.deepEqual([status, code], [404, 'UNKNOWN_LEASE'])
  }
  const headers = { Authorization: `Bearer ${tokens[0]}`, 'Content-Type': 'application/json' }
  const body = JSON.stringify({ hash: 'ab'.repeat(32), algo: 'RSA_PKCS1' })
  const sign = await fetch(`${base}/se/api/keys/01/signhash`, { method: 'POST', headers, body })
  assert.deepEqual([sign.status, ((await sign.json()) as { code: string }).code], [503, 'NO_DEVICE'])
})

test('a lease is of no use to who may not borrow any more, nor to his namesake in another tenant', async () => {
  const { principals, credentials, tenants } = hsm
  const root = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login } as const
  const { id: other } = await tenants.create(root, 'other', 'eve')
  const member = async (tenant: string) => {
    const admin = { principal: 'prn_test', name: 'test', tenant, roles: [], tags: [], login }
    await principals.create(admin, 'ann', { roles: ['custodian'], tags: [] })
    const { token } = await credentials.create(admin, 'ann', 'first')
    return { token, change: (roles: readonly ['auditor']) => principals.change(admin, 'ann', { roles }) }
  }
  const [ann, namesake] = [await member(tenants.main), await member(other)]
  const granted = await ask('POST', '/devices/ZZTEST0001/lease', { keepLogIn: false }, [ann.token])
  const { lease } = LeaseGranted.parse(granted.answer)
  const exchange = (number: number, mine: string) =>
    refusal('POST', `/leases/${lease}/transmit`, { number, commands: [select] }, [mine])
  assert.equal((await exchange(1, namesake.token)).code, 'UNKNOWN_LEASE')
  await ask('POST', `/leases/${lease}/transmit`, { number: 1, commands: [select] }, [ann.token])
  await ann.change(['auditor'])
  assert.equal((await exchange(2, ann.token)).code, 'FORBIDDEN')
  assert.equal((await ask('DELETE', `/leases/${lease}`, undefined, [ann.token])).status, 204)
})

test('a device that is lost, and one that is away', async () => {
  const { lease } = await borrow()
  token.failure = new ChannelError('REMOVED', 'pulled')
  for (const number of [1, 2]) {
    const lost = await refusal('POST', `/leases/${lease}/transmit`, { number, commands: [select] })
    assert.deepEqual([lost.status, lost.code], [410, 'LEASE_ENDED'])
    assert.match(lost.message, /the device was lost: pulled/)
  }
  const away = await refusal('POST', `/devices/${id}/lease`, { keepLogIn: false })
  assert.deepEqual([away.status, away.code], [503, 'NO_DEVICE'])
})

test('after the end', async () => {
  const { lease } = await borrow()
  await ask('DELETE', `/leases/${lease}`)
  const late = await refusal('POST', `/leases/${lease}/transmit`, { number: 1, commands: [select] })
  assert.deepEqual([late.status, late.code, late.message], [410, 'LEASE_ENDED', 'the lease is over: given back'])
})

test('out of turn', async () => {
  const { lease } = await borrow()
  const { status, code } = await refusal('POST', `/leases/${lease}/transmit`, { number: 2, commands: [select] })
  assert.deepEqual([status, code], [409, 'OUT_OF_TURN'])
})

describe('bodies that are wrong', () => {
  const rows: readonly (readonly [name: string, path: string, body: unknown, status: number, message: RegExp])[] = [
    ['no keepLogIn', 'devices/any/lease', {}, 400, /^keepLogIn: wanted true or false, got nothing$/],
    [
      'no number',
      'leases/any/transmit',
      { commands: [] },
      400,
      /^number: wanted the number of the exchange, got nothing$/,
    ],
    ['number 0', 'leases/any/transmit', { number: 0, commands: [] }, 400, /^number: .*got 0$/],
    ['half a number', 'leases/any/transmit', { number: 1.5, commands: [] }, 400, /^number: /],
    ['no commands', 'leases/any/transmit', { number: 1 }, 400, /^commands: wanted a list of commands, got nothing$/],
    ['no list', 'leases/any/transmit', { number: 1, commands: select }, 400, /^commands: wanted a list/],
    [
      'no hexadecimal',
      'leases/any/transmit',
      { number: 1, commands: ['xyz'] },
      400,
      /^commands\/0: wanted commands of 4 to/,
    ],
    ['half a byte', 'leases/any/transmit', { number: 1, commands: [`${select}0`] }, 400, /^commands\/0: /],
    ['too short', 'leases/any/transmit', { number: 1, commands: ['00a404'] }, 400, /^commands\/0: /],
    ['too many', 'leases/any/transmit', { number: 1, commands: Array(257).fill('00000000') }, 400, /at most 256/],
    ['something else', 'leases/any/transmit', { number: 1, commands: [], pin: '1' }, 400, /and nothing else/],
    ['no JSON', 'leases/any/transmit', '{', 400, /JSON/],
    ['too large', 'leases/any/transmit', { number: 1, commands: ['00'.repeat(90_000)] }, 413, /large/],
    ['no number', 'leases/any/reset', {}, 400, /^number: /],
    ['no object', 'leases/any/reset', 'null', 400, /wanted an object of number/],
    ['too large', 'leases/any/reset', { number: 1, commands: ['00'.repeat(9_000)] }, 413, /large/],
  ]
  for (const [name, path, body, status, message] of rows) {
    test(`${path}: ${name}`, async () => {
      const refused = await refusal('POST', `/${path}`, body)
      assert.deepEqual(
        [refused.status, refused.status === 413 ? 'BODY_TOO_LARGE' : 'BAD_REQUEST'],
        [status, refused.code],
      )
      assert.match(refused.message, message)
    })
  }
})

const rightBodies = [{ keepLogIn: true }, { number: 1 }, { number: 1, commands: [] }]

for (const { method, path, body } of routes) {
  const address = path.replace(/:\w+/g, 'unknown')
  const rightly = body && rightBodies.find(right => body.safeParse(right).success)

  test(`${method} ${path}: who may not`, async () => {
    for (const mine of ['', 'a-token-of-this-tes', 'a-token-of-this-test1']) {
      const { status, code } = await refusal(method, address, rightly, [mine])
      assert.deepEqual([status, code], [401, 'UNAUTHORIZED'])
    }
  })

  test(`${method} ${path}: other methods`, async () => {
    for (const wrong of ['GET', 'POST', 'PUT', 'DELETE'].filter(other => other !== method)) {
      const { status, code } = await refusal(wrong, address)
      assert.deepEqual([status, code], [405, 'METHOD_NOT_ALLOWED'])
    }
  })

  if (path.includes(':')) {
    test(`${method} ${path}: names that nothing has`, async () => {
      const { status, code } = await refusal(method, address, rightly)
      assert.deepEqual([status, code], [404, path.startsWith('/devices') ? 'UNKNOWN_HSM' : 'UNKNOWN_LEASE'])
    })
  }
}
