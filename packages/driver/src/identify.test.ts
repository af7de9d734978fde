import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthenticateChip,
  applicationId,
  cardContactRoots,
  chipHandshake,
  DeviceStatus,
  decodeCommand,
  ReadBinary,
  SelectApplication,
  SetSecureMessaging,
} from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { type DeviceIdentity, deviceIdentity, testKey } from '@keytether/test/device-identity'
import { scriptedCard } from '@keytether/test/scripted-card'
import { DriverError, type DriverErrorCode } from './errors.ts'
import { SmartCardHsm } from './smart-card-hsm.ts'

const selected = fromHex('620A 820178 85050001000401 9000')

interface Answers {
  readonly certificates: Uint8Array
  readonly select?: Uint8Array
  /** What it answers to DEVICE STATUS. */
  readonly status?: Uint8Array
  /** The key that the chip really has. */
  readonly chip?: ReturnType<typeof testKey>
}

/** A card that can be selected, read, and authenticated. */
function card({ certificates, select = selected, status, chip }: Answers) {
  return scriptedCard(command => {
    const apdu = decodeCommand(command)
    if (SelectApplication.matches(apdu)) {
      assert.deepEqual(SelectApplication.decodeData(apdu), applicationId)
      return select
    }
    if (ReadBinary.matches(apdu)) {
      const { offset } = ReadBinary.decodeData(apdu)
      const end = offset + apdu.le!
      const status = end > certificates.length ? 'endOfFile' : 'ok'
      return ReadBinary.encodeResponse({ status, data: certificates.slice(offset, end) })
    }
    if (DeviceStatus.matches(apdu) && status) return status
    if (SetSecureMessaging.matches(apdu) && chip) return fromHex('9000')
    if (AuthenticateChip.matches(apdu) && chip) {
      const { nonce, token } = chipHandshake(chip.agree, AuthenticateChip.decodeData(apdu).ephemeralKey)
      return AuthenticateChip.encodeResponse({ status: 'ok', data: { nonce, token } })
    }
    return fromHex('6D00')
  })
}

const open = (answers: Answers, identity: DeviceIdentity) =>
  SmartCardHsm.open(card(answers), { roots: [identity.root] })

function rejectsWith(promise: Promise<unknown>, code: DriverErrorCode, message: RegExp) {
  return assert.rejects(promise, (error: DriverError) => {
    assert.ok(error instanceof DriverError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
}

test('a genuine device: identity, version and options in one round trip', async () => {
  const identity = deviceIdentity('ZZTEST000100000')
  const channel = card({ certificates: identity.certificates })
  const device = await SmartCardHsm.open(channel, { roots: [...cardContactRoots, identity.root] })
  assert.equal(device.identity.path, 'ZZTESTROOT/ZZTESTCA/ZZTEST0001')
  assert.equal(device.identity.holderReference, 'ZZTEST000100000')
  assert.equal(device.identity.root, 'own')
  assert.equal(device.identity.rootReference, 'ZZTESTROOT00001')
  assert.deepEqual(device.identity.devicePublicKey.q, identity.key.publicKey.q)
  assert.deepEqual(device.version, { major: 4, minor: 1, type: 0 })
  assert.equal(device.options, 1)
  assert.equal(channel.transmissions.length, 1)
})

test('certificates that take several reads', async () => {
  const identity = deviceIdentity()
  const channel = card({ certificates: identity.certificates })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root], maximumApdu: 256 })
  assert.equal(device.identity.holderReference, identity.holderReference)
})

test('a card of before version 3.4, where the warning is not the end', async () => {
  const identity = deviceIdentity()
  const { certificates } = identity
  const channel = scriptedCard(command => {
    const apdu = decodeCommand(command)
    if (!ReadBinary.matches(apdu)) return fromHex('6204 8502 0102 9000')
    const { offset } = ReadBinary.decodeData(apdu)
    const data = certificates.slice(offset, offset + 200)
    return ReadBinary.encodeResponse({ status: 'endOfFile', data })
  })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root] })
  assert.deepEqual(device.version, { major: 1, minor: 2, type: 0 })
})

const noApplication: [string, string][] = [
  ['no such application', '6A82'],
  ['another application', '6F0784051122334455 9000'],
  ['no version', '6203 820178 9000'],
  ['no answer data', '9000'],
  ['class not supported', '6E00'],
]
for (const [name, select] of noApplication) {
  test(`not a SmartCard-HSM: ${name}`, async () => {
    const identity = deviceIdentity()
    const opening = open({ certificates: identity.certificates, select: fromHex(select) }, identity)
    await rejectsWith(opening, 'NOT_A_SMARTCARD_HSM', /is the right card in the reader/)
  })
}

test('an unknown root: says whose, and what is trusted', async () => {
  const identity = deviceIdentity()
  const opening = SmartCardHsm.open(card({ certificates: identity.certificates }), { roots: cardContactRoots })
  await rejectsWith(
    opening,
    'UNKNOWN_ROOT',
    /ZZTEST000100000 descends from ZZTESTROOT00001.*DESRCACC100001 \(production\), UTSRCACC100001 \(test\)/,
  )
})

test('another root of the same name', async () => {
  const opening = open({ certificates: deviceIdentity().certificates }, deviceIdentity())
  await rejectsWith(opening, 'NOT_GENUINE', /signature in its certificates is wrong/)
})

test('every byte of the certificates changed: never taken for genuine with another key', async () => {
  const identity = deviceIdentity()
  const channel = (certificates: Uint8Array) => open({ certificates }, identity)
  for (let i = 0; i < identity.certificates.length; i += 7) {
    const certificates = identity.certificates.slice()
    certificates[i]! ^= 0x01
    await assert.rejects(channel(certificates), (error: DriverError) =>
      ['NOT_GENUINE', 'UNKNOWN_ROOT'].includes(error.code),
    )
  }
})

for (const [name, certificates] of [
  ['no certificates', new Uint8Array()],
  ['only the device certificate', deviceIdentity().certificates.slice(0, 200)],
  ['something else', fromHex('3003020101')],
] as const) {
  test(`not genuine: ${name}`, async () => {
    await rejectsWith(open({ certificates }, deviceIdentity()), 'NOT_GENUINE', /Do not use the device/)
  })
}

test('secure channel: the chip has the key of its certificate', async () => {
  const identity = deviceIdentity()
  const channel = card({ certificates: identity.certificates, chip: identity.key })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root] })
  assert.ok(!device.secure)
  await device.openSecureChannel()
  assert.ok(device.secure)
  assert.equal(channel.transmissions.length, 2)
})

test('secure channel: a copy of the certificates in another chip is found out, and not spoken to any more', async () => {
  const identity = deviceIdentity()
  const device = await open({ certificates: identity.certificates, chip: testKey() }, identity)
  await rejectsWith(
    device.openSecureChannel(),
    'NOT_GENUINE',
    /certificate of ZZTEST000100000, but does not hold its key/,
  )
  await rejectsWith(device.pinStatus(), 'SECURE_CHANNEL', /open it again/)
})

test('secure channel: a card that has none', async () => {
  const identity = deviceIdentity()
  const device = await open({ certificates: identity.certificates }, identity)
  await rejectsWith(device.openSecureChannel(), 'NOT_SUPPORTED', /does not open a secure channel/)
})

test('a log-in is kept where the application is selected already', async () => {
  const identity = deviceIdentity()
  const channel = card({ certificates: identity.certificates, status: fromHex('00010000 00 0401 9000') })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root], keepLogIn: true })
  assert.deepEqual(device.version, { major: 4, minor: 1, type: 0 })
  assert.equal(device.options, undefined)
  assert.ok(channel.transmissions.flat().every(command => command[1] !== 0xa4))
})

test('where it is not selected, it is', async () => {
  const identity = deviceIdentity()
  const channel = card({ certificates: identity.certificates })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root], keepLogIn: true })
  assert.equal(device.options, 1)
  assert.equal(channel.transmissions.length, 2)
})
