import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ChannelError, cardContactRoots } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { deviceIdentity, testKey } from '@keytether/test/device-identity'
import { ecKey, SmallToken, smallTokenPin } from '@keytether/test/small-token'
import type { DeviceSession } from './device-session.ts'
import { Devices, type DevicesOptions } from './devices.ts'

const identity = deviceIdentity()
const id = 'ZZTESTROOT.ZZTESTCA.ZZTEST0001'
const pin = new TextEncoder().encode(smallTokenPin)

/** Attaches a card and waits until it comes no further. */
async function bringUp(token: SmallToken, options: Partial<DevicesOptions> = {}, devices = devicesOf(options)) {
  const states: string[] = []
  const device = devices.attach(token)
  states.push(device.state)
  const note = (changed: DeviceSession) => void (changed === device && states.push(changed.state))
  devices.events.on('change', note)
  while (!atRest(device)) await once(devices.events, 'change')
  devices.events.off('change', note)
  return { devices, device, states }
}

function devicesOf(options: Partial<DevicesOptions> = {}): Devices {
  return new Devices({ roots: [identity.root], ...options })
}

function atRest({ state, reason }: DeviceSession): boolean {
  return state === 'ready' || state === 'offline' || reason !== undefined
}

test('a card that its agent has unlocked becomes ready, and stays logged in', async () => {
  const token = new SmallToken({ identity, keys: [{ id: '01', key: ecKey() }] })
  const { device, states } = await bringUp(token)
  assert.deepEqual(states, ['connected', 'identified', 'secured', 'unlocked', 'ready'])
  assert.deepEqual([device.id, device.reason, token.loggedIn], [id, undefined, true])
  assert.deepEqual(
    device.keys.map(key => key.id),
    ['01'],
  )
  // Identity, secure channel, PIN, list, contents.
  assert.equal(token.transmissions.length, 5)
})

test('a locked card waits, and says for what', async () => {
  const token = new SmallToken({ identity, loggedIn: false })
  const { devices, device, states } = await bringUp(token)
  assert.deepEqual(states, ['connected', 'identified', 'secured', 'secured'])
  assert.match(device.reason!, /^locked, 3 tries left/)
  assert.deepEqual([devices.hsms(), token.triesLeft], [[], 3])
})

test('a PIN on record unlocks a locked card', async () => {
  const token = new SmallToken({ identity, loggedIn: false })
  const { device } = await bringUp(token, { pins: new Map([[id, pin]]) })
  assert.equal(device.state, 'ready')
})

test('a wrong PIN on record is presented once, not at every connection', async () => {
  const token = new SmallToken({ identity, loggedIn: false })
  const wrong = new TextEncoder().encode('123456')
  const { devices, device } = await bringUp(token, { pins: new Map([[id, wrong]]) })
  assert.match(device.reason!, /^the PIN on record was not accepted: wrong PIN, 2 tries left$/)
  await bringUp(token, {}, devices)
  assert.equal(token.triesLeft, 2)
})

test('a wrong PIN whose refusal was not heard is not presented again', async () => {
  const token = new SmallToken({ identity, loggedIn: false })
  const wrong = new TextEncoder().encode('123456')
  const transmit = token.transmit.bind(token)
  token.transmit = async commands => {
    const before = token.triesLeft
    const answers = await transmit(commands)
    if (token.triesLeft < before) throw new ChannelError('REMOVED', 'pulled')
    return answers
  }
  const { devices, device } = await bringUp(token, { pins: new Map([[id, wrong]]) })
  assert.deepEqual([device.state, token.triesLeft], ['offline', 2])
  token.failure = undefined
  const again = await bringUp(token, {}, devices)
  assert.match(again.device.reason!, /^the PIN on record was presented, the connection broke, and a try is gone: 2 /)
  token.failure = undefined
  await bringUp(token, {}, devices)
  assert.equal(token.triesLeft, 2)
})

test('the last try is not spent', async () => {
  const token = new SmallToken({ identity, loggedIn: false })
  token.triesLeft = 1
  const { device } = await bringUp(token, { pins: new Map([[id, pin]]) })
  assert.match(device.reason!, /one try is left, and the service does not spend it/)
  assert.equal(token.triesLeft, 1)
})

test('a card that descends from no trusted root is sent away', async () => {
  const token = new SmallToken({ identity })
  const { devices, device } = await bringUp(token, { roots: cardContactRoots })
  assert.equal(device.state, 'offline')
  assert.match(device.reason!, /not trusted here/)
  assert.equal(token.closedWith, device.reason)
  assert.deepEqual(devices.all(), [])
})

test('a device that is not among those allowed is sent away', async () => {
  const { device } = await bringUp(new SmallToken({ identity }), { allowed: ['A.B.C'] })
  assert.match(device.reason!, /not among the devices allowed/)
})

test('a copied certificate is no identity, and harms nobody', async () => {
  const { devices, device } = await bringUp(new SmallToken({ identity }))
  const impostor = await bringUp(new SmallToken({ identity, chip: testKey() }), {}, devices)
  assert.deepEqual(impostor.states, ['connected', 'identified', 'offline'])
  assert.match(impostor.device.reason!, /does not hold its key/)
  assert.deepEqual(devices.hsms(), [device])
})

test('a device that connects anew replaces its former session at once', async () => {
  const former = new SmallToken({ identity, keys: [{ id: '01', key: ecKey() }] })
  const { devices, device } = await bringUp(former)
  const latter = await bringUp(new SmallToken({ identity }), {}, devices)
  assert.deepEqual([device.state, former.closedWith], ['offline', 'the device has connected anew'])
  assert.deepEqual(devices.all(), [latter.device])
  assert.deepEqual(devices.keys(), [])
})

test('a connection that breaks on the way up', async () => {
  const token = new SmallToken({ identity })
  token.failure = new ChannelError('REMOVED', 'pulled')
  const { device, states } = await bringUp(token)
  assert.deepEqual(states, ['connected', 'offline'])
  assert.equal(device.reason, 'pulled')
})

test("keys are in the domain that they name, if it is set up, else in the device's own", async () => {
  const domains = [
    { shares: 2, outstanding: 0, keyCheckValue: fromHex('0102030405060708'), uid: new Uint8Array() },
    { shares: 2, outstanding: 1, keyCheckValue: new Uint8Array(8), uid: new Uint8Array() },
    { shares: 0, outstanding: 0, keyCheckValue: new Uint8Array(8), uid: new Uint8Array(64).fill(0xab) },
  ]
  const keys = [0, 1, 2, undefined].map((keyDomain, index) => ({
    id: `0${index}`,
    key: ecKey(),
    ...(keyDomain !== undefined && { keyDomain }),
  }))
  const { devices, device } = await bringUp(new SmallToken({ identity, domains, keys }))
  const own = Buffer.from(identity.key.publicKey.q.subarray(1, 33)).toString('hex').toUpperCase()
  assert.deepEqual(
    device.keys.map(key => key.keyDomain),
    ['0102030405060708', own, 'AB'.repeat(64), own],
  )
  assert.deepEqual(
    devices.keyDomains().map(domain => [domain.id, domain.keys.map(key => key.id)]),
    [
      [own, ['01', '03']],
      ['0102030405060708', ['00']],
      ['AB'.repeat(64), ['02']],
    ],
  )
})

test('what is made, deleted or read while it is ready is known at once', async () => {
  const token = new SmallToken({ identity, keys: [{ id: '01', key: ecKey() }] })
  const { devices, device } = await bringUp(token)
  const told: DeviceSession[] = []
  devices.events.on('keys', changed => told.push(changed))
  const { info } = device.keys[0]!
  const made = { ...info, reference: 9, id: Uint8Array.of(9), label: 'made' }

  device.noteKey(made)
  assert.equal(devices.key({ key: '09' }).instances[0].info.label, 'made')
  device.noteKey({ ...made, label: 'renamed' })
  assert.equal(devices.key({ key: '09' }).instances[0].info.label, 'renamed')
  device.forgetKey(1)
  assert.deepEqual(
    devices.keys().map(({ id }) => id),
    ['09'],
  )
  device.noteInventory({ ...device.inventory!, keys: [info] })
  assert.deepEqual(
    devices.keys().map(({ id }) => id),
    ['01'],
  )
  assert.deepEqual(told, [device, device, device, device])
})

test('only domains that have their keys can be shared', async () => {
  const domains = [
    { shares: 2, outstanding: 1, keyCheckValue: new Uint8Array(8), uid: new Uint8Array() },
    { shares: 2, outstanding: 0, keyCheckValue: fromHex('0102030405060708'), uid: new Uint8Array() },
    { shares: 0, outstanding: 0, keyCheckValue: new Uint8Array(8), uid: new Uint8Array(64).fill(0xab) },
    { shares: 0, outstanding: 0, keyCheckValue: new Uint8Array(8).fill(9), uid: new Uint8Array(64).fill(0xcd) },
  ]
  const { device } = await bringUp(new SmallToken({ identity, domains }))
  assert.deepEqual(
    [...device.completeDomains],
    [
      ['0102030405060708', 1],
      ['CD'.repeat(64), 3],
    ],
  )
})
