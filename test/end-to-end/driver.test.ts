/** The driver with the emulator in the same process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cardContactRoots, decodeCommand, fid, ReadBinary } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { watched } from '@keytether/test/scripted-card'
import { driverSuite } from './driver-suite.ts'

const open = () => Emulator.open({ store: memoryStore() })
const roots = [emulatorRoot]

driverSuite('emulator in process', { open, roots })

function readsCertificates(command: Uint8Array): boolean {
  const apdu = decodeCommand(command)
  return ReadBinary.matches(apdu) && ReadBinary.decodeParams(apdu).fid === fid.deviceCertificates
}

test('the emulator passes for nobody else', async () => {
  await assert.rejects(SmartCardHsm.open(await open(), { roots: cardContactRoots }), { code: 'UNKNOWN_ROOT' })
  const { identity } = await SmartCardHsm.open(await open(), { roots: [...cardContactRoots, ...roots] })
  assert.equal(identity.root, 'own')
})

test('certificates changed on the way', async () => {
  const channel = watched(await open(), (command, response) => {
    if (readsCertificates(command)) response[150]! ^= 1
    return response
  })
  await assert.rejects(SmartCardHsm.open(channel, { roots }), { code: 'NOT_GENUINE' })
})

test("another device's certificates", async () => {
  const [original, copy] = [await open(), await open()]
  const command = ReadBinary.encodeRequest({ fid: fid.deviceCertificates }, { offset: 0 }, { le: 1230, extended: true })
  await SmartCardHsm.open(original, { roots })
  const [certificates] = await original.transmit([command])
  const channel = watched(copy, (sent, response) => (readsCertificates(sent) ? certificates! : response))
  const hsm = await SmartCardHsm.open(channel, { roots })
  await assert.rejects(hsm.openSecureChannel(), { code: 'NOT_GENUINE' })
})

test('who listens learns nothing of the PIN', async () => {
  const sent: Uint8Array[] = []
  const channel = watched(await open(), (command, response) => {
    sent.push(command)
    return response
  })
  const hsm = await SmartCardHsm.open(channel, { roots })
  await hsm.openSecureChannel()
  const [pin, soPin] = [Buffer.from('648219'), Buffer.from('57621880')]
  await hsm.initialize({ soPin, userPin: pin, label: 'a label' })
  await hsm.verifyPin(pin)
  const traffic = Buffer.concat(sent)
  for (const secret of [pin, soPin, Buffer.from('a label')]) assert.ok(!traffic.includes(secret))
})

test('a session PIN is as good as the PIN, until the options of the device end it', async () => {
  const token = await open()
  const hsm = await SmartCardHsm.open(token, { roots })
  const [pin, soPin] = [Buffer.from('648219'), Buffer.from('57621880')]
  await hsm.initialize({ soPin, userPin: pin, options: 0x0005 })
  await hsm.verifyPin(pin)
  await assert.rejects(hsm.makeSessionPin(), { code: 'NOT_ALLOWED' })
  await hsm.openSecureChannel()
  const sessionPin = await hsm.makeSessionPin()
  assert.equal((await hsm.changePin('user', pin, Buffer.from('111111'))).status, 'verified')
  assert.equal((await hsm.verifyPin(sessionPin)).status, 'wrongPin', 'another PIN was set')
  await hsm.verifyPin(Buffer.from('111111'))
  const second = await hsm.makeSessionPin()
  assert.notDeepEqual(second, sessionPin)
  assert.equal((await hsm.verifyPin(second)).status, 'verified')
  await hsm.logout()
  await assert.rejects(hsm.makeSessionPin(), { code: 'NOT_LOGGED_IN' })
  assert.equal((await hsm.verifyPin(second)).status, 'verified')
  await token.reset()
  const again = await SmartCardHsm.open(token, { roots })
  assert.equal((await again.verifyPin(second)).status, 'wrongPin')
})

test('a device that was initialised without session PINs', async () => {
  const hsm = await SmartCardHsm.open(await open(), { roots })
  await hsm.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from('648219'), label: 'logged in' })
  await hsm.openSecureChannel()
  await assert.rejects(hsm.makeSessionPin(), { code: 'NOT_SUPPORTED' })
})
