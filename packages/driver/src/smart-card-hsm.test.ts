import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  algorithm,
  ChannelError,
  cardContactRoots,
  decodeCommand,
  ReadBinary,
  SelectApplication,
  SelectFile,
  UnexpectedStatusError,
} from '@keytether/card'
import { concat, DecodeError, fromHex } from '@keytether/codec'
import { deviceIdentity } from '@keytether/test/device-identity'
import { scriptedCard } from '@keytether/test/scripted-card'
import fc from 'fast-check'
import { DriverError } from './errors.ts'
import { SmartCardHsm } from './smart-card-hsm.ts'
import type { KeyInfo } from './types.ts'

const identity = deviceIdentity()
const selected = fromHex('620A 820178 85050001000401 9000')
const common = { reference: 1, id: Uint8Array.of(1), label: 'a key', algorithms: [], warnings: [] }
const rsa: KeyInfo = { ...common, kind: 'RSA', bits: 1024 }
const ec: KeyInfo = { ...common, kind: 'EC', bits: 256 }
const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')
const data = { number: 0, label: 'data', private: false, warnings: [] }

/** Everything that asks something of the card. */
const methods: Record<string, (device: SmartCardHsm) => Promise<unknown>> = {
  openSecureChannel: device => device.openSecureChannel(),
  deviceStatus: device => device.deviceStatus(),
  pinStatus: device => device.pinStatus(),
  verifyPin: device => device.verifyPin(pin),
  changePin: device => device.changePin('user', pin, pin),
  resetRetryCounter: device => device.resetRetryCounter(soPin, pin),
  initialize: device => device.initialize({ soPin, userPin: pin, label: 'label' }),
  writeLabel: device => device.writeLabel('label'),
  logout: device => device.logout(),
  random: device => device.random(2000),
  inventory: device => device.inventory(),
  generateKeyPair: device => device.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'key' }),
  sign: device => device.sign(1, algorithm.ecdsaSha256, pin),
  signHash: device => device.signHash(ec, 'ECDSA', new Uint8Array(32)),
  decipher: device => device.decipher(1, algorithm.rsaRawDecipher, new Uint8Array(128)),
  decrypt: device => device.decrypt(rsa, { kind: 'OAEP' }, new Uint8Array(128)),
  ecdh: device => device.ecdh(ec, concat(Uint8Array.of(4), new Uint8Array(64))),
  readCertificate: device => device.readCertificate(1),
  deleteKey: device => device.deleteKey(1),
  addCertificate: device => device.addCertificate('ca', fromHex('3003020101')),
  removeCertificate: device => device.removeCertificate(1),
  addData: device => device.addData('data', new Uint8Array(3000)),
  readData: device => device.readData(data),
  removeData: device => device.removeData(data),
}

type Answer = (command: Uint8Array) => Uint8Array

/** A device that is what it should be until it is open, and answers as told from then on. */
async function opened(answer: Answer): Promise<SmartCardHsm> {
  let open = false
  const channel = scriptedCard(command => {
    if (open) return answer(command)
    const apdu = decodeCommand(command)
    if (SelectApplication.matches(apdu)) return selected
    return ReadBinary.encodeResponse({ status: 'endOfFile', data: identity.certificates })
  })
  const device = await SmartCardHsm.open(channel, { roots: [identity.root] })
  open = true
  return device
}

function isTyped(error: unknown): boolean {
  return [DriverError, ChannelError, UnexpectedStatusError, DecodeError].some(type => error instanceof type)
}

/** Status words that let commands get further than random ones would. */
const statusWord = fc.oneof(
  fc.constantFrom(0x9000, 0x9000, 0x9000, 0x6282, 0x63c3, 0x63c0, 0x6982, 0x6a82, 0x6a88, 0x6984),
  fc.integer({ min: 0, max: 0xffff }),
)
const response = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.uint8Array({ maxLength: 300 }), statusWord).map(withStatus) },
  { weight: 2, arbitrary: fc.tuple(structured(), statusWord).map(withStatus) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) },
)

function withStatus([content, sw]: [Uint8Array, number]): Uint8Array {
  return concat(content, Uint8Array.of(sw >> 8, sw & 0xff))
}

/** The beginnings of what the card's files and answers hold. */
function structured() {
  const tags = fc.constantFrom('7C', '67', '30', 'A0', '62', '7F21', '04')
  return fc
    .tuple(tags, fc.uint8Array({ maxLength: 60 }))
    .map(([tag, content]) => concat(fromHex(tag), Uint8Array.of(content.length), content))
}

for (const [name, call] of Object.entries(methods)) {
  test(`${name}: whatever the card answers, it ends, well or with an error of ours`, async () => {
    const answers = fc.array(response, { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(answers, async each => {
        let next = 0
        const device = await opened(() => each[next++ % each.length]!)
        await call(device).catch(error => assert.ok(isTyped(error), `${error?.stack}`))
      }),
      { numRuns: 60 },
    )
  })

  test(`${name}: the card is pulled in the middle`, async () => {
    for (let after = 0; after < 3; after++) {
      let left = after
      const device = await opened(() => {
        if (left-- === 0) throw new ChannelError('REMOVED', 'the card was removed')
        return fromHex('9000')
      })
      const result = await call(device).then(
        () => undefined,
        error => error,
      )
      assert.ok(result === undefined || isTyped(result), `${result?.stack}`)
      // Nothing is written, and nothing read, that would not tell of it.
      if (after === 0) assert.equal(result?.code, 'REMOVED')
    }
  })
}

test('inventory: whatever is in the files of a key, the key is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 3, maxLength: 12 }), async each => {
      let next = 0
      const list = fromHex('CC00 CC01 CC02 CC03 CA01 C902 9000')
      const device = await opened(command => (command[1] === 0x58 ? list : each[next++ % each.length]!))
      const { keys } = await device.inventory()
      assert.deepEqual(
        keys.map(({ reference }) => reference),
        [1, 2, 3],
      )
    }),
    { numRuns: 300 },
  )
})

test('open: whatever the card answers, it is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async each => {
      let next = 0
      const channel = scriptedCard(() => (next === 0 && each.length > 3 ? selected : each[next++ % each.length]!))
      await assert.rejects(SmartCardHsm.open(channel, { roots: cardContactRoots }), DriverError)
    }),
    { numRuns: 300 },
  )
})

test('a label cannot be written while the PIN is a transport PIN', async () => {
  const device = await opened(() => fromHex('6F00'))
  await assert.rejects(device.initialize({ soPin, userPin: pin, options: 0x0003, label: 'label' }), RangeError)
})

test('nothing is erased for a label that there is no room for', async () => {
  const device = await opened(() => assert.fail('a command was sent'))
  await assert.rejects(device.initialize({ soPin, userPin: pin, label: 'x'.repeat(256) }), RangeError)
})

test('a device that takes the PIN but not its label says what was done', async () => {
  const device = await opened(command => {
    const apdu = decodeCommand(command)
    return fromHex(apdu.ins === 0xd7 ? '6A84' : apdu.ins === 0x20 && apdu.data.length === 0 ? '63C3' : '9000')
  })
  await assert.rejects(device.initialize({ soPin, userPin: pin, label: 'label' }), {
    name: 'DriverError',
    code: 'INCOMPLETE',
    message: /initialised, but its label was not written/,
  })
})

test('a certificate for another key than the one that is there is not written', async () => {
  const device = await opened(command => {
    assert.ok(!SelectFile.matches(decodeCommand(command)))
    return fromHex('6A82')
  })
  await assert.rejects(device.writeCertificate(1, fromHex('3003020101')), RangeError)
  await assert.rejects(device.writeCertificate(1, fromHex('6703020101')), RangeError)
})
