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
