/** Key generation: every kind of key, the request that comes with it, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthenticatedRequest,
  curveByName,
  curves,
  type DataOf,
  fileId,
  GenerateKeyPair,
  keyAlgorithm,
  ReadBinary,
  verifyRequest,
} from '@keytether/card'
import { decode, fromHex } from '@keytether/codec'
import { apdu, type EmulatedToken, emulatedToken, exchanges } from '@keytether/test/emulated-token'
import { issueDevice } from '../identity.ts'
import { publicKeyOfPrivate } from '../keys/private-key.ts'
import { StateFormat } from '../state.ts'
import { memoryStore } from '../store/store.ts'

type Data = DataOf<typeof GenerateKeyPair>

const base = { profile: 0, authorityReference: 'UTCA00001', holderReference: 'ZZTEST00001' }
const p256 = curveByName('secp256r1')
const ec = { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain: p256.domain } as const
const rsa = { kind: 'rsa', oid: fromHex(keyAlgorithm.rsaSha256), e: fromHex('010001'), bits: 1024 } as const

async function generate(
  { emulator }: EmulatedToken,
  key: number,
  data: Partial<Data>,
  options: { le?: number | undefined; signingKey?: number } = {},
) {
  const { signingKey = 0, ...request } = options
  const command = GenerateKeyPair.encodeRequest({ key, signingKey }, { ...base, parameters: ec, ...data }, request)
  const [response] = await emulator.transmit([command])
  return GenerateKeyPair.decodeResponse(response!)
}

async function certificateFile({ emulator }: EmulatedToken, key: number): Promise<Uint8Array> {
  const params = { fid: fileId('keyCertificate', key) }
  const [response] = await emulator.transmit([ReadBinary.encodeRequest(params, { offset: 0 }, { le: 0x10000 })])
  const outcome = ReadBinary.decodeResponse(response!)
  assert.ok(outcome.status === 'endOfFile')
  return outcome.data
}

/** A token whose device key the test knows. */
async function token() {
  const store = memoryStore()
  const opened = await emulatedToken('loggedIn', store)
  const { identity } = decode(StateFormat, (await store.load())!)
  return { opened, identity }
}

test('every curve and hash: the request is signed by the key and by the device, answered, and stored', async () => {
  const { opened, identity } = await token()
  const deviceKey = publicKeyOfPrivate(identity.privateKey)
  const oids = Object.entries(keyAlgorithm).filter(([name]) => name.startsWith('ecdsa'))
  for (const [index, { name, domain }] of curves.entries()) {
    const oid = fromHex(oids[index % oids.length]![1])
    const outcome = await generate(opened, index + 1, { parameters: { kind: 'ec', oid, domain } })
    assert.ok(outcome.status === 'ok', name)
    const request = decode(AuthenticatedRequest, outcome.data)
    assert.ok(verifyRequest(request, deviceKey), name)
    assert.equal(request.authorityReference, identity.holderReference)
    const body = request.certificate.value.body.value
    assert.equal(body.holderReference, base.holderReference)
    assert.equal(body.authorityReference, base.authorityReference)
    assert.deepEqual(body.publicKey.oid, oid)
    assert.deepEqual(await certificateFile(opened, index + 1), outcome.data)
  }
})

test('every length of RSA', async () => {
  const { opened, identity } = await token()
  const deviceKey = publicKeyOfPrivate(identity.privateKey)
  // The longer ones take seconds each, and differ in nothing.
  const cases = [
    { ...rsa, bits: 1024 },
    { ...rsa, bits: 1536, e: fromHex('03') },
    { ...rsa, bits: 2048, oid: fromHex(keyAlgorithm.rsaSha512), e: fromHex('00010001') },
  ]
  for (const [index, parameters] of cases.entries()) {
    const outcome = await generate(opened, index + 1, { parameters })
    assert.ok(outcome.status === 'ok')
    const request = decode(AuthenticatedRequest, outcome.data)
    assert.ok(verifyRequest(request, deviceKey))
    const { publicKey } = request.certificate.value.body.value
    assert.ok(publicKey.kind === 'rsa' && publicKey.n.length * 8 === parameters.bits)
  }
})

test('no answer without Le, but the request is stored', async () => {
  const { opened } = await token()
  const outcome = await generate(opened, 1, {}, { le: undefined })
  assert.deepEqual(outcome, { status: 'ok', data: new Uint8Array() })
  assert.equal((await certificateFile(opened, 1))[0], 0x67)
})

test('references: none inside, another one outside', async () => {
  const { opened } = await token()
  const outcome = await generate(opened, 1, { authorityReference: undefined, outerAuthorityReference: 'ZZOTHER00001' })
  assert.ok(outcome.status === 'ok')
  const request = decode(AuthenticatedRequest, outcome.data)
  assert.equal(request.authorityReference, 'ZZOTHER00001')
  assert.equal(request.certificate.value.body.value.authorityReference, undefined)
})

test('refused', async () => {
  const opened = await emulatedToken('initialized')
  assert.equal((await generate(opened, 1, {})).status, 'securityNotSatisfied')
  await opened.send(apdu.verify)
  assert.equal((await generate(opened, 1, {})).status, 'ok')
  const other = curveByName('brainpoolP256r1').domain
  const cases: readonly (readonly [string, Partial<Data>, string])[] = [
    ['a counter that stands for none', { useCounter: 0xffffffff }, 'wrongData'],
    ['another profile', { profile: 1 }, 'wrongData'],
    ['a key domain', { keyDomain: 0 }, 'notSupported'],
    ['a wrapping key', { wrappingKey: 1 }, 'notSupported'],
    ['no known curve', { parameters: { ...ec, domain: { ...p256.domain, g: other.g } } }, 'notSupported'],
    ['an EC key by the name of RSA', { parameters: { ...ec, oid: fromHex('04007f00070202020209') } }, 'notSupported'],
    ['a modulus of 512 bits', { parameters: { ...rsa, bits: 512 } }, 'notSupported'],
    ['a modulus of 1025 bits', { parameters: { ...rsa, bits: 1025 } }, 'notSupported'],
    ['a modulus of 8192 bits', { parameters: { ...rsa, bits: 8192 } }, 'notSupported'],
    ['RSA with another scheme', { parameters: { ...rsa, oid: fromHex('04007f00070202020104') } }, 'notSupported'],
    ['an even exponent', { parameters: { ...rsa, e: fromHex('010000') } }, 'wrongData'],
    ['exponent 1', { parameters: { ...rsa, e: fromHex('01') } }, 'wrongData'],
    ['no exponent', { parameters: { ...rsa, e: new Uint8Array() } }, 'wrongData'],
    ['a long exponent', { parameters: { ...rsa, e: fromHex('0100000001') } }, 'wrongData'],
  ]
  for (const [why, data, status] of cases) assert.equal((await generate(opened, 2, data)).status, status, why)
  assert.equal((await generate(opened, 1, {})).status, 'exists')
  assert.equal(await opened.send('80580000 000000'), 'CC00 2F02 CC01 CE01 9000'.replaceAll(' ', ''))
})

exchanges('malformed', 'loggedIn', [
  ['the device key', '00460000 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A', '6A86'],
  [
    'signed by another key',
    '00460101 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A',
    '6A86',
  ],
  ['nothing', '00460100', '6A80'],
  ['no parameters', '00460100 08 5F290100 5F20015A', '6A80'],
  ['no prime', '00460100 17 5F290100 7F490C 060A04007F00070202020203 5F20015A', '6A80'],
  ['an imported key', '00460100 0B 5F290100 7F49048A02 0102', '6A80'],
  [
    'Le too short for the request: no key',
    '00460100 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A 10',
    '6700',
  ],
  ['there is none', '80580000 000000', 'CC00 2F02 9000'],
])

test('the parameters of a key tell its attributes', async () => {
  const opened = await emulatedToken('loggedIn')
  await generate(opened, 1, { useCounter: 5, algorithms: fromHex('7080') })
  await generate(opened, 2, {})
  const answer = (a5: string) => new RegExp(`^62..810200008201018302CC0.8A0105${a5.replaceAll(' ', '')}9000$`)
  assert.match(await opened.send('00A4000002CC0100'), answer('A50A 900400000005 91027080'))
  assert.match(await opened.send('00A4000002CC0200'), answer('A502 9100'))
})

test('every device is another one', () => {
  const names = new Set(Array.from({ length: 20 }, () => issueDevice().holderReference))
  assert.equal(names.size, 20)
  for (const name of names) assert.match(name, /^ZZEMU[A-Z2-9]{6}00000$/)
})
