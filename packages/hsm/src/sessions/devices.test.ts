import assert from 'node:assert/strict'
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Channel, ChannelError } from '@keytether/card'
import { deviceIdentity } from '@keytether/test/device-identity'
import { ecKey, rsaKey, type SmallKey, SmallToken, type SmallTokenOptions } from '@keytether/test/small-token'
import { HsmError, type HsmErrorCode } from '../errors.ts'
import { Devices } from './devices.ts'

const identities = [1, 2].map(number => deviceIdentity(`ZZTEST000${number}00000`))
const ids = ['ZZTESTROOT.ZZTESTCA.ZZTEST0001', 'ZZTESTROOT.ZZTESTCA.ZZTEST0002'] as const
const message = Buffer.from('to be signed')
const hash = new Uint8Array(createHash('sha256').update(message).digest())
const never = new AbortController().signal
const rsa = rsaKey()

interface Pool {
  readonly devices: Devices
  readonly tokens: readonly [SmallToken, SmallToken]
}

/** Two devices that are ready, with the keys given. */
async function pool(first: readonly SmallKey[], second: readonly SmallKey[] = [], queueLimit?: number): Promise<Pool> {
  const devices = new Devices({
    roots: identities.map(({ root }) => root),
    ...(queueLimit !== undefined && { queueLimit }),
  })
  const [a, b] = [first, second].map((keys, index) => new SmallToken({ identity: identities[index]!, keys }))
  for (const token of [a!, b!]) await ready(devices, token)
  return { devices, tokens: [a!, b!] }
}

async function ready(devices: Devices, token: SmallToken): Promise<void> {
  const device = devices.attach(token)
  while (device.state !== 'ready') await once(devices.events, 'change')
}

function refuses(promise: Promise<unknown>, code: HsmErrorCode, pattern?: RegExp) {
  return assert.rejects(promise, error => {
    assert.ok(error instanceof HsmError, String(error))
    assert.equal(error.code, code)
    if (pattern) assert.match(error.message, pattern)
    return true
  })
}

const sign = (devices: Devices, key = '01', signal = never) => devices.sign({ key }, 'RSA_PKCS1', hash, signal)

function assertSignature(signature: Uint8Array, key: KeyObject): void {
  assert.ok(verify('sha256', message, createPublicKey(key), signature))
}

function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, release: resolve }
}

test('a signature is one transmission of one command', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  const before = tokens[0].transmissions.length
  assertSignature(await sign(devices), rsa)
  assertSignature(await devices.sign({ key: '01', hsm: ids[0] }, 'RSA_PKCS1', hash, never), rsa)
  assert.deepEqual(tokens[0].transmissions.slice(before), [1, 1])
})

test('a key on two devices is one key, and both of them work', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }], [{ id: '01', key: rsa }])
  const [key, ...more] = devices.keys()
  assert.deepEqual([key!.instances.map(({ device }) => device.id), more], [ids, []])
  const before = tokens.map(token => token.transmissions.length)
  const all = await Promise.all(Array.from({ length: 10 }, () => sign(devices)))
  for (const signature of all) assertSignature(signature, rsa)
  const work = tokens.map((token, index) => token.transmissions.length - before[index]!)
  assert.equal(work[0]! + work[1]!, 10)
  assert.ok(Math.min(...work) >= 3, `${work}`)
})

test('a key that is lost with one device in the middle of its work is used on the other', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }], [{ id: '01', key: rsa }])
  const { promise, release } = held()
  tokens[0].hold = promise
  const all = Array.from({ length: 6 }, () => sign(devices))
  tokens[0].failure = new ChannelError('REMOVED', 'pulled')
  release()
  for (const signature of await Promise.all(all)) assertSignature(signature, rsa)
  assert.deepEqual(
    devices.hsms().map(({ id }) => id),
    [ids[1]],
  )
})

test('with its only device lost, a key cannot be used now, and is back with it', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  tokens[0].failure = new ChannelError('REMOVED', 'pulled')
  await refuses(sign(devices), 'NO_DEVICE', /ZZTEST0001, which is offline: pulled/)
  await refuses(sign(devices), 'NO_DEVICE')
  await refuses(devices.sign({ key: '01', hsm: ids[0] }, 'RSA_PKCS1', hash, never), 'NO_DEVICE')
  assert.throws(() => devices.key({ key: '01' }), { code: 'UNKNOWN_KEY' })
  await ready(devices, new SmallToken({ identity: identities[0]!, keys: [{ id: '01', key: rsa }] }))
  assertSignature(await sign(devices), rsa)
})

test('a device that was logged out is given up, so that its agent logs in again', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  tokens[0].loggedIn = false
  await refuses(sign(devices), 'NO_DEVICE')
  assert.match(tokens[0].closedWith!, /PIN/)
})

test('different keys of one id are kept apart', async () => {
  const other = rsaKey()
  const { devices } = await pool([{ id: '01', key: rsa }], [{ id: '01', key: other }])
  assert.deepEqual(
    devices.keys().map(key => key.instances.length),
    [1, 1],
  )
  await refuses(sign(devices), 'AMBIGUOUS_KEY', /ZZTEST0001, on .*ZZTEST0002$/)
  assertSignature(await devices.sign({ key: '01', hsm: ids[1] }, 'RSA_PKCS1', hash, never), other)
  const { keyDomain } = devices.hsm(ids[0]).keys[0]!
  assertSignature(await devices.sign({ key: '01', keyDomain }, 'RSA_PKCS1', hash, never), rsa)
})

test('what is not there', async () => {
  const { devices } = await pool([{ id: '01', key: rsa }])
  await refuses(sign(devices, '02'), 'UNKNOWN_KEY')
  await refuses(devices.sign({ key: '01', hsm: 'A.B.C' }, 'RSA_PKCS1', hash, never), 'UNKNOWN_HSM')
  await refuses(devices.sign({ key: '01', hsm: ids[1] }, 'RSA_PKCS1', hash, never), 'UNKNOWN_KEY')
  await refuses(devices.sign({ key: '01', keyDomain: 'AB' }, 'RSA_PKCS1', hash, never), 'UNKNOWN_KEY_DOMAIN')
  assert.throws(() => devices.keyDomain('AB'), { code: 'UNKNOWN_KEY_DOMAIN' })
})

test('schemes and hashes that do not fit the key', async () => {
  const { devices, tokens } = await pool([
    { id: '01', key: rsa },
    { id: '02', key: ecKey() },
  ])
  const before = tokens[0].transmissions.length
  await refuses(devices.sign({ key: '01' }, 'ECDSA', hash, never), 'WRONG_SCHEME', /RSA_PKCS1 or RSA_PSS, not ECDSA/)
  await refuses(devices.sign({ key: '02' }, 'RSA_PSS', hash, never), 'WRONG_SCHEME', /makes ECDSA, not RSA_PSS/)
  await refuses(devices.sign({ key: '01' }, 'RSA_PSS', hash.subarray(1), never), 'WRONG_SCHEME', /, got 31$/)
  assert.equal(tokens[0].transmissions.length, before)
})

test('a key that one device refuses to use is used on the other', async () => {
  const { devices } = await pool([{ id: '01', key: rsa, useCounter: 0 }], [{ id: '01', key: rsa }])
  assertSignature(await sign(devices), rsa)
  assert.equal(devices.hsms().length, 2)
})

test('a key that no device lets be used', async () => {
  const { devices } = await pool([
    { id: '01', key: rsa, useCounter: 0 },
    { id: '02', key: rsa, algorithms: Uint8Array.of(0x40) },
  ])
  await refuses(sign(devices, '01'), 'KEY_NOT_USABLE', /^ZZTESTROOT/)
  await refuses(sign(devices, '02'), 'KEY_NOT_USABLE')
  assert.equal(devices.hsms().length, 2)
})

test('a device takes so much and no more', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }], [], 3)
  const { promise, release } = held()
  tokens[0].hold = promise
  const taken = Array.from({ length: 4 }, () => sign(devices))
  await refuses(sign(devices), 'BUSY')
  release()
  for (const signature of await Promise.all(taken)) assertSignature(signature, rsa)
})

test('who has no more time is not waited with, and the device goes on', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  const { promise, release } = held()
  tokens[0].hold = promise
  await refuses(sign(devices, '01', AbortSignal.timeout(10)), 'TIMEOUT')
  release()
  assertSignature(await sign(devices), rsa)
})

/** Answers nothing. */
function silentCard(): Channel {
  return {
    atr: new Uint8Array(),
    transmit: () => new Promise(() => {}),
    reset: () => new Promise(() => {}),
    close: async () => {},
  }
}

test('who does not prove its name in time is given up, who did is kept', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { devices } = await pool([{ id: '01', key: rsa }])
  const silent = devices.attach(silentCard())
  t.mock.timers.tick(59_999)
  assert.equal(silent.state, 'connected')
  t.mock.timers.tick(1)
  assert.deepEqual([silent.state, silent.reason], ['offline', 'it did not prove its name within 60 s'])
  assert.equal(devices.all().length, 2)
  assertSignature(await sign(devices), rsa)
})

test('of very many that have not proven their names, the latest are waited for', async () => {
  const { devices } = await pool([{ id: '01', key: rsa }])
  const all = Array.from({ length: 5_002 }, () => devices.attach(silentCard()))
  assert.deepEqual(
    all.slice(0, 3).map(({ state }) => state),
    ['offline', 'offline', 'connected'],
  )
  assert.match(all[0]!.reason!, /too many/)
  assert.equal(devices.all().length, 5_002)
  await ready(devices, new SmallToken({ identity: identities[1]!, keys: [] }))
  assertSignature(await sign(devices), rsa)
  devices.close('the end')
})

test('draining lets what is under way end, and takes no new devices', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  const { promise, release } = held()
  tokens[0].hold = promise
  const signature = sign(devices)
  const drained = devices.drain(never)
  const late = new SmallToken({ identity: identities[1]! } satisfies SmallTokenOptions)
  assert.equal(devices.attach(late).state, 'offline')
  release()
  await drained
  assertSignature(await signature, rsa)
  devices.close('the end')
  assert.deepEqual([tokens[0].closedWith, devices.hsms()], ['the end', []])
})

test('draining does not wait longer than it is told to', async () => {
  const { devices, tokens } = await pool([{ id: '01', key: rsa }])
  const { promise, release } = held()
  tokens[0].hold = promise
  const lost = refuses(sign(devices), 'NO_DEVICE')
  await devices.drain(AbortSignal.timeout(10))
  devices.close('the end')
  release()
  await lost
})
