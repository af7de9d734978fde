import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import {
  curveByName,
  decodeCommand,
  EnumerateObjects,
  fileId,
  GenerateKeyPair,
  issueRequest,
  keyAlgorithm,
  PrivateKeyDescription,
  publicKeyOf,
  ReadBinary,
  type SignBytes,
  UpdateBinary,
} from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import { testKey } from '@keytether/test/device-identity'
import { type ScriptedCard, scriptedCard } from '@keytether/test/scripted-card'
import type { DriverError } from './errors.ts'
import { generateKeyPair } from './generate.ts'
import { Link } from './link.ts'
import type { Identity, KeyAttributes, KeySpec } from './types.ts'

const version = { major: 4, minor: 1, type: 0 }
const device = testKey()
const identity: Identity = {
  path: 'ROOT/CA/DEVICE',
  holderReference: 'ZZTEST000100000',
  root: 'own',
  rootReference: 'ROOT00001',
  devicePublicKey: device.publicKey,
  chain: [],
}

interface Card {
  readonly list?: readonly number[]
  /** What the new key is in truth. */
  readonly curve?: string
  /** Who signs the request as the device. */
  readonly authenticate?: SignBytes
  /** Who signs it as the key. */
  readonly signs?: SignBytes
  /** The request is not in the answer, only in the file. */
  readonly silent?: boolean
  readonly update?: string
  readonly generate?: string
}

/** A card that makes EC keys. */
function card({ list = [], curve = 'prime256v1', authenticate = device.sign, signs, silent, update, generate }: Card) {
  let request = new Uint8Array()
  return scriptedCard(command => {
    const apdu = decodeCommand(command)
    if (EnumerateObjects.matches(apdu)) return EnumerateObjects.encodeResponse({ status: 'ok', data: [...list] })
    if (GenerateKeyPair.matches(apdu)) {
      if (generate) return fromHex(generate)
      const { holderReference } = GenerateKeyPair.decodeData(apdu)
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
      request = issueRequest({
        body: {
          profile: 0,
          publicKey: publicKeyOf(publicKey.export({ type: 'spki', format: 'der' })),
          holderReference,
        },
        sign: signs ?? (message => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
        authorityReference: identity.holderReference,
        authenticate,
      })
      return GenerateKeyPair.encodeResponse({ status: 'ok', data: silent ? new Uint8Array() : request })
    }
    if (ReadBinary.matches(apdu)) return ReadBinary.encodeResponse({ status: 'endOfFile', data: request })
    if (UpdateBinary.matches(apdu)) return fromHex(update ?? '9000')
    return fromHex('6200 9000')
  })
}

function generate(channel: ScriptedCard, attributes: KeyAttributes = { label: 'new' }, spec: KeySpec = p256) {
  return generateKeyPair(new Link(channel, 1232), version, identity, spec, attributes)
}

const p256: KeySpec = { kind: 'ec', curve: 'secp256r1' }

test('an EC key: list, generate, describe', async () => {
  const channel = card({ list: [0xcc00, 0x2f02, 0xcc01, 0xce02, 0xc403] })
  const key = await generate(channel, { label: 'new', algorithms: [0x70], useCounter: 9, keyDomain: 2 })
  assert.equal(key.reference, 4)
  assert.equal(key.label, 'new')
  assert.equal(key.curve, 'secp256r1')
  assert.equal(key.id.length, 20)
  assert.equal(key.certificateKind, 'request')
  assert.deepEqual(key.warnings, [])
  assert.equal(channel.transmissions.length, 3)

  const command = decodeCommand(channel.transmissions[1]![0]!)
  assert.deepEqual(GenerateKeyPair.decodeParams(command), { key: 4, signingKey: 0 })
  assert.deepEqual(GenerateKeyPair.decodeData(command), {
    profile: 0,
    authorityReference: 'UTCA00001',
    parameters: {
      kind: 'ec',
      oid: fromHex(keyAlgorithm.ecdsaSha256),
      domain: curveByName('secp256r1')!.domain,
    },
    holderReference: 'ZZTEST000100004',
    algorithms: Uint8Array.of(0x70),
    useCounter: 9,
    keyDomain: 2,
  })
  const written = channel.transmissions[2]!.map(decodeCommand).find(UpdateBinary.matches)!
  assert.equal(UpdateBinary.decodeParams(written).fid, fileId('keyDescription', 4))
})

test('nothing is generated if it could not be described', async () => {
  for (const attributes of [{ label: 'x'.repeat(256) }, { label: 'new', id: new Uint8Array(256) }]) {
    const channel = card({})
    await assert.rejects(generate(channel, attributes), RangeError)
    assert.equal(channel.transmissions.length, 0)
  }
})

test('the description is the one that OpenSC writes', async () => {
  const channel = card({})
  await generate(channel, { label: 'ec1', id: Uint8Array.of(1), reference: 1 })
  const written = channel.transmissions[2]!.map(decodeCommand).find(UpdateBinary.matches)!
  assert.equal(
    toHex(UpdateBinary.decodeData(written).data).toUpperCase(),
    'A02B300C0C03656331030206C0040101300F0401010303072080030203B8020101A10A30083002040002020100',
  )
})

test('the request of a card that does not answer with it', async () => {
  const channel = card({ silent: true })
  const key = await generate(channel)
  assert.equal(key.certificateKind, 'request')
  assert.equal(channel.transmissions.length, 4)
})

test('an RSA key: exponent and length', async () => {
  const channel = card({ generate: '6A81' })
  const generating = generate(channel, { label: 'new' }, { kind: 'rsa', bits: 2048 })
  await assert.rejects(generating, (error: DriverError) => error.code === 'NOT_SUPPORTED')
  const { parameters } = GenerateKeyPair.decodeData(decodeCommand(channel.transmissions[1]![0]!))
  const oid = fromHex(keyAlgorithm.rsaSha256)
  assert.deepEqual(parameters, { kind: 'rsa', oid, e: fromHex('010001'), bits: 2048 })
})

const unattested: [string, Card, KeySpec, RegExp][] = [
  ['signed by another device', { authenticate: testKey().sign }, p256, /not signed by the key and the device/],
  ['signed by another key', { signs: testKey().sign }, p256, /not signed by the key and the device/],
  ['on another curve', { curve: 'secp384r1' }, p256, /not of the type/],
  ['an EC key for an RSA key', {}, { kind: 'rsa', bits: 2048 }, /not of the type/],
  ['malformed', { generate: '6703020101 9000' }, p256, /malformed/],
]
for (const [name, answers, spec, message] of unattested) {
  test(`not attested: ${name}`, async () => {
    await assert.rejects(generate(card(answers), { label: 'new' }, spec), (error: DriverError) => {
      assert.equal(error.code, 'NOT_ATTESTED', error.message)
      assert.match(error.message, message)
      assert.match(error.message, /key 1 was generated/)
      return true
    })
  })
}

test('the description cannot be written: says what there is', async () => {
  await assert.rejects(generate(card({ update: '6A84' })), (error: DriverError) => {
    assert.equal(error.code, 'INCOMPLETE')
    assert.match(error.message, /key 1 was made, but its description was not written/)
    assert.equal((error.cause as DriverError).code, 'OUT_OF_MEMORY')
    return true
  })
})

test('before log-in', async () => {
  await assert.rejects(generate(card({ generate: '6982' })), (error: DriverError) => error.code === 'NOT_LOGGED_IN')
})

test('references that are taken', async () => {
  const all = Array.from({ length: 256 }, (_, i) => 0xcc00 + i)
  await assert.rejects(generate(card({ list: all })), (error: DriverError) => error.code === 'NO_FREE_REFERENCE')
  for (const left of [0xcc05, 0xc405, 0xce05]) {
    const generating = generate(card({ list: [left] }), { label: 'new', reference: 5 })
    await assert.rejects(generating, (error: DriverError) => error.code === 'REFERENCE_TAKEN')
  }
})

test('what cannot be', async () => {
  const channel = card({})
  await assert.rejects(generate(channel, { label: 'new', reference: 0 }), RangeError)
  await assert.rejects(generate(channel, { label: 'new' }, { kind: 'ec', curve: 'secp256r2' }), RangeError)
  assert.ok(channel.transmissions.flat().every(command => command[1] !== 0x46))
})

test('the description that is read back is the one that was written', async () => {
  const channel = card({})
  const key = await generate(channel, { label: 'ä key', id: Uint8Array.of(7, 7) })
  const written = channel.transmissions[2]!.map(decodeCommand).find(UpdateBinary.matches)!
  const { label, id, bits } = decode(PrivateKeyDescription, UpdateBinary.decodeData(written).data)
  assert.deepEqual([label, id, bits], [key.label, key.id, key.bits])
})
