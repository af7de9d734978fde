import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { applicationId, ChannelError, DeviceStatus, SelectApplication, Verify } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { deviceIdentity } from '@keytether/test/device-identity'
import { rsaKey, SmallToken, type SmallTokenOptions, smallTokenPin } from '@keytether/test/small-token'
import type { DeviceSession } from '../sessions/device-session.ts'
import { Devices, type DevicesOptions } from '../sessions/devices.ts'
import type { Lease } from './lease.ts'
import { Leases } from './leases.ts'

const identity = deviceIdentity()
const id = 'ZZTESTROOT.ZZTESTCA.ZZTEST0001'
const pin = new TextEncoder().encode(smallTokenPin)
const hash = new Uint8Array(createHash('sha256').update('to be signed').digest())
const never = new AbortController().signal
const rsa = rsaKey()
const ask = Verify.encodeRequest({ reference: 'user' }, new Uint8Array())
const present = Verify.encodeRequest({ reference: 'user' }, pin)

/** A device that has come as far as it goes, and who lends it. */
async function bench(
  t: TestContext,
  token: Partial<SmallTokenOptions> = {},
  options: Partial<DevicesOptions> = {},
  timing: ConstructorParameters<typeof Leases>[1] = {},
) {
  const small = new SmallToken({ identity, keys: [{ id: '01', key: rsa }], ...token })
  const devices = new Devices({ roots: [identity.root], ...options })
  const leases = new Leases(devices, timing)
  t.after(() => devices.close('the test is over'))
  const device = devices.attach(small)
  await settled(devices, device)
  return { token: small, devices, leases, device }
}

async function settled(devices: Devices, device: DeviceSession): Promise<void> {
  const atRest = () =>
    device.state === 'ready' || device.state === 'offline' || (device.state === 'secured' && device.reason)
  while (!atRest()) await once(devices.events, 'change')
}

const refused = (code: string, message = /./) => ({ name: 'HsmError', code, message })

test('a device that is lent is out of service, and back in it afterwards', async t => {
  const { devices, leases, device } = await bench(t, {}, { pins: new Map([[id, pin]]) })
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  assert.equal(device.state, 'lent')
  assert.match(device.reason!, /^lent to Ann since 20/)
  assert.deepEqual([devices.hsms(), devices.keys()], [[], []])
  await assert.rejects(
    devices.sign({ key: '01' }, 'RSA_PKCS1', hash, never),
    refused('NO_DEVICE', /which is lent: lent to Ann/),
  )
  lease.end('given back')
  await settled(devices, device)
  assert.equal(device.state, 'ready')
  assert.equal((await devices.sign({ key: '01' }, 'RSA_PKCS1', hash, never)).length, 128)
})

test('what others have asked of it is done before', async t => {
  const { token, devices, leases } = await bench(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  token.hold = promise
  const signatures = [1, 2].map(() => devices.sign({ key: '01' }, 'RSA_PKCS1', hash, never))
  const lent = leases.lend({ name: 'ZZTEST0001', borrower: 'Ann' }, never)
  assert.equal(await Promise.race([lent, sleep(20, 'waits')]), 'waits')
  resolve()
  for (const signature of await Promise.all(signatures)) assert.equal(signature.length, 128)
  assert.equal((await lent).wasReady, true)
})

test('a borrower who does not wait so long gets nothing, and the device goes on', async t => {
  const { token, devices, leases, device } = await bench(t, {}, { pins: new Map([[id, pin]]) })
  const { promise, resolve } = Promise.withResolvers<void>()
  token.hold = promise
  const signature = devices.sign({ key: '01' }, 'RSA_PKCS1', hash, never)
  await assert.rejects(leases.lend({ name: id, borrower: 'Ann' }, AbortSignal.timeout(10)), refused('TIMEOUT'))
  resolve()
  await signature
  await settled(devices, device)
  assert.equal(device.state, 'ready')
})

test('who borrows an open device has to log in himself', async t => {
  const { token, leases } = await bench(t)
  assert.equal(token.loggedIn, true)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  assert.equal(token.loggedIn, false)
  assert.equal(toHex((await lease.transmit(1, [ask]))[0]!), '63c3')
})

for (const keepLogIn of [true, false]) {
  const end = keepLogIn ? 'says so leaves it open' : 'does not leaves it locked'
  test(`who has logged in to a locked device and ${end}`, async t => {
    const { token, devices, leases, device } = await bench(t, { loggedIn: false })
    const lease = await leases.lend({ name: id, borrower: 'Ann', keepLogIn }, never)
    assert.equal(lease.wasReady, false)
    const channel = { atr: lease.atr, reset: assert.fail, close: async () => {}, transmit: exchanges(lease) }
    const card = await SmartCardHsm.open(channel, { roots: [identity.root], keepLogIn: true })
    await card.openSecureChannel()
    assert.equal((await card.verifyPin(pin)).status, 'verified')
    lease.end('given back')
    await settled(devices, device)
    assert.deepEqual([device.state, token.loggedIn], [keepLogIn ? 'ready' : 'secured', keepLogIn])
    assert.equal(token.closedWith, undefined)
  })
}

test('who has logged in to a device that was open leaves it open', async t => {
  const { devices, leases, device, token } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  await lease.transmit(1, [present])
  lease.end('given back')
  await settled(devices, device)
  assert.deepEqual([device.state, token.loggedIn, token.closedWith], ['ready', true, undefined])
})

function exchanges(lease: Lease) {
  let number = 0
  return (commands: readonly Uint8Array[]) => lease.transmit(++number, commands)
}

test('a device that was open and is not is sent away, so that its agent logs in again', async t => {
  const { token, devices, leases, device } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  lease.end('given back')
  await settled(devices, device)
  assert.equal(device.state, 'offline')
  assert.match(device.reason!, /its agent is to connect anew and log in/)
  // Who wants it next waits for that.
  const next = leases.lend({ name: id, borrower: 'Bob' }, never)
  const again = devices.attach(new SmallToken({ identity }))
  assert.equal((await next).device, again)
  assert.equal(token.failure?.code, 'CLOSED')
})

test('a device that was locked and still is waits on', async t => {
  const { devices, leases, device } = await bench(t, { loggedIn: false })
  ;(await leases.lend({ name: id, borrower: 'Ann' }, never)).end('given back')
  await settled(devices, device)
  assert.equal(device.state, 'secured')
  assert.match(device.reason!, /^locked, 3 tries left/)
})

test('one borrower at a time', async t => {
  const { leases } = await bench(t)
  const both = await Promise.allSettled([
    leases.lend({ name: id, borrower: 'Ann' }, never),
    leases.lend({ name: id, borrower: 'Bob' }, never),
  ])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  await assert.rejects(leases.lend({ name: id, borrower: 'Ann' }, never), refused('TAKEN', /is lent to Ann since/))
})

test('a lease is for its borrower', async t => {
  const { leases } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  assert.equal(leases.lease(lease.id, 'Ann'), lease)
  assert.throws(() => leases.lease(lease.id, 'Bob'), refused('UNKNOWN_LEASE'))
  assert.throws(() => leases.lease('nonsense', 'Ann'), refused('UNKNOWN_LEASE'))
})

test('what cannot be borrowed', async t => {
  const { token, devices, leases, device } = await bench(t)
  await assert.rejects(leases.lend({ name: 'ZZTEST', borrower: 'Ann' }, never), refused('UNKNOWN_HSM'))
  token.failure = new ChannelError('REMOVED', 'pulled')
  await assert.rejects(leases.lend({ name: id, borrower: 'Ann' }, never), refused('NO_DEVICE', /pulled/))
  assert.equal(device.state, 'offline')
  await assert.rejects(leases.lend({ name: id, borrower: 'Ann' }, never), refused('NO_DEVICE', /offline: pulled/))
  assert.deepEqual(devices.known(), [device])
})

test('an exchange is carried out once, however often it is asked for', async t => {
  const { token, leases } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  const before = token.transmissions.length
  const wrong = Verify.encodeRequest({ reference: 'user' }, new TextEncoder().encode('123456'))
  const answers = [await lease.transmit(1, [wrong]), await lease.transmit(1, [wrong])]
  assert.deepEqual(
    answers.map(([answer]) => toHex(answer!)),
    ['63c2', '63c2'],
  )
  assert.deepEqual([token.triesLeft, token.transmissions.length - before], [2, 1])
  await assert.rejects(lease.transmit(3, [wrong]), refused('OUT_OF_TURN', /wanted exchange 2, or 1 again, got 3/))
  await assert.rejects(lease.transmit(0, [wrong]), refused('OUT_OF_TURN'))
})

test('one exchange at a time', async t => {
  const { leases, devices, token } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  const first = lease.transmit(1, [ask])
  await assert.rejects(lease.transmit(2, [ask]), refused('BUSY'))
  assert.equal((await first).length, 1)
  await lease.reset(2)
  // Nothing is selected after a reset.
  assert.equal(toHex((await lease.transmit(3, [DeviceStatus.encodeRequest({}, undefined)]))[0]!), '6d00')
  assert.equal(devices.hsms().length + Number(token.loggedIn), 0)
})

for (const [name, timing, reason] of [
  ['left lying', { idleMs: 10 }, /nothing was asked of the device for 0.01 s/],
  ['away too long', { longestMs: 10 }, /it had lasted/],
] as const) {
  test(`a lease that is ${name} ends`, async t => {
    const { devices, leases, device } = await bench(t, { loggedIn: false }, {}, timing)
    const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
    if (lease.reason === undefined) await once(leases.events, 'end')
    await settled(devices, device)
    assert.equal(device.state, 'secured')
    await assert.rejects(lease.transmit(1, [ask]), refused('LEASE_ENDED', reason))
    assert.equal(leases.lease(lease.id, 'Ann'), lease)
  })
}

test('a sign of life keeps a lease', async t => {
  const { leases, token } = await bench(t, {}, {}, { idleMs: 60 })
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  const before = token.transmissions.length
  for (let number = 1; number <= 8; number++) {
    await sleep(15)
    await lease.transmit(number, [])
  }
  assert.deepEqual([lease.reason, token.transmissions.length], [undefined, before])
  lease.end('given back')
})

test('a device that is lost while it is lent', async t => {
  const { token, leases, device } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  token.failure = new ChannelError('REMOVED', 'pulled')
  await assert.rejects(lease.transmit(1, [ask]), refused('LEASE_ENDED', /the device was lost: pulled/))
  assert.equal(device.state, 'offline')
  await assert.rejects(lease.transmit(2, [ask]), refused('LEASE_ENDED'))
})

test('a device that connects anew while it is lent', async t => {
  const { devices, leases } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  const latter = devices.attach(new SmallToken({ identity }))
  await settled(devices, latter)
  assert.equal(latter.state, 'ready')
  assert.match(lease.reason!, /the device was lost: the device has connected anew/)
})

test('a lease that ends in the middle of an exchange: the device comes back when the card has answered', async t => {
  const { token, devices, leases, device } = await bench(t, { loggedIn: false })
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  await lease.transmit(1, [SelectApplication.encodeRequest({ p2: 0x0c }, applicationId, { le: undefined }), present])
  const { promise, resolve } = Promise.withResolvers<void>()
  token.hold = promise
  const signature = lease.transmit(2, [Buffer.from(`8068010080${'00'.repeat(127)}0100`, 'hex')])
  lease.end('given back')
  assert.equal(device.state, 'lent')
  resolve()
  assert.equal((await signature).length, 1)
  await settled(devices, device)
  assert.equal(device.state, 'secured')
})

test('the service ends while a device is lent', async t => {
  const { devices, leases } = await bench(t)
  const lease = await leases.lend({ name: id, borrower: 'Ann' }, never)
  await devices.drain(AbortSignal.timeout(1000))
  devices.close('the service is shutting down')
  assert.match(lease.reason!, /shutting down/)
})
