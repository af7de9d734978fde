import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  decodeCommand,
  EnumerateObjects,
  encodeResponse,
  FileParameters,
  fid,
  fileId,
  QueryKeyDomain,
  ReadBinary,
  SelectFile,
} from '@keytether/card'
import { concat, encode, fromHex, toHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { readInventory } from './inventory.ts'
import { Link } from './link.ts'

const version = { major: 4, minor: 1, type: 0 }

interface Card {
  readonly files: Record<number, string | Uint8Array>
  /** Objects without content, as keys are. */
  readonly others?: readonly number[]
  readonly parameters?: Record<number, string>
  readonly domains?: readonly string[]
  /** Answers that come instead, by file. */
  readonly reads?: Record<number, string>
}

function card({ files, others = [], parameters = {}, domains = [], reads = {} }: Card) {
  return scriptedCard(command => {
    const apdu = decodeCommand(command)
    if (EnumerateObjects.matches(apdu)) {
      const data = [fid.deviceKey, fid.deviceCertificates, ...Object.keys(files).map(Number), ...others]
      return EnumerateObjects.encodeResponse({ status: 'ok', data })
    }
    if (QueryKeyDomain.matches(apdu)) return fromHex(domains[apdu.p2] ?? '6A86')
    if (SelectFile.matches(apdu)) {
      const selected = SelectFile.decodeData(apdu)
      const known = parameters[selected]
      return fromHex(known ?? toHex(encodeResponse({ data: encode(FileParameters, {}), sw: 0x9000 })))
    }
    if (!ReadBinary.matches(apdu)) return fromHex('6D00')
    const file = ReadBinary.decodeParams(apdu).fid
    const instead = reads[file]
    if (instead !== undefined) return fromHex(instead)
    const content = files[file]
    if (content === undefined) return fromHex('6A82')
    const bytes = typeof content === 'string' ? fromHex(content) : content
    const { offset } = ReadBinary.decodeData(apdu)
    const end = offset + apdu.le!
    return ReadBinary.encodeResponse({
      status: end > bytes.length ? 'endOfFile' : 'ok',
      data: bytes.slice(offset, end),
    })
  })
}

async function inventory(contents: Card) {
  const channel = card(contents)
  return { ...(await readInventory(new Link(channel, 1232), version)), rounds: channel.transmissions.length }
}

/** A request with a brainpoolP256r1 key, as a card makes it. */
const request = `
  678201ed7f218201937f4e82014b5f290100421045535049434f48534d54524c524134437f4982011d060a04007f000702020202038120a9fb57db
  a1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e537782207d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f3
  30b5d9832026dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b68441048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27
  e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f0469978520a9fb57dba1eea9bc3e660a90
  9d838d718c397aa3b561a6f7901e0e82974856a7864104a8217de2cec275cdf9dcda68128aff6061199291532545ab394e2554015962e16d568012
  a9d01b3da60d062aeed11356467fa3af9ebf9aad3d2933ebb9d86e0f8701015f201045535049434f48534d54524c524134435f374022d9f4480995
  e8370f8377e8bd4a63547be7740f7836456de5196839c668954088 9acd57 3338d68bdea3db2e31c8dd00e670a4bcccdef497a156c39170d3c837
  421045535049434f48534d54524c524134435f374014445d219facb3bb745867d945e46526a2a6d03441dba52911d8f9483abbe4272a0beee7cecc
  69c661f3459c9b5431719ebf7e11f93d903a2cf705899eb4b631`
const ecDescription = 'A02B300C0C03656331030206C0040101300F0401010303072080030203B8020101A10A30083002040002020100'
const rsaDescription = '302B300D0C0472736131030206C0040101300E04010203020470030203B8020102A10A30083002040002020800'

test('a device with nothing on it: one round trip for the list, one for the label', async () => {
  assert.deepEqual(await inventory({ files: {} }), {
    label: 'SmartCard-HSM',
    keys: [],
    certificates: [],
    data: [],
    keyDomains: [],
    rounds: 2,
  })
})

test('a key that is listed many times is read once', async () => {
  const others = Array.from({ length: 1000 }, () => fileId('key', 1))
  const { keys, rounds } = await inventory({ files: {}, others })
  assert.deepEqual([keys.length, rounds], [1, 2])
})

test('the label of the token', async () => {
  const files = { [fid.tokenInfo]: '3010 020100 8007 6D79746F6B656E 03020520' }
  assert.equal((await inventory({ files })).label, 'mytoken')
})

test('a key with description, request and parameters', async () => {
  const { keys, rounds } = await inventory({
    files: { [fileId('keyDescription', 1)]: ecDescription, [fileId('keyCertificate', 1)]: request },
    others: [fileId('key', 1)],
    parameters: { [fileId('key', 1)]: '6210 8002 0000 A50A 9004 00000005 9102 7073 9000' },
  })
  const [key] = keys
  assert.equal(keys.length, 1)
  assert.equal(key!.reference, 1)
  assert.equal(key!.label, 'ec1')
  assert.deepEqual(key!.id, Uint8Array.of(1))
  assert.equal(key!.kind, 'EC')
  assert.equal(key!.bits, 256)
  assert.equal(key!.curve, 'brainpoolP256r1')
  assert.equal(key!.certificateKind, 'request')
  assert.deepEqual(key!.certificate, fromHex(request))
  assert.equal(key!.useCounter, 5)
  assert.deepEqual(key!.algorithms, [0x70, 0x73])
  assert.deepEqual(key!.warnings, [])
  assert.equal(rounds, 2)
})

const sha1OfX = createHash('sha1')
  .update(fromHex('a8217de2cec275cdf9dcda68128aff6061199291532545ab394e2554015962e1'))
  .digest()

test('keys with less and less to tell of them are all there', async () => {
  const { keys } = await inventory({
    files: {
      [fileId('keyDescription', 1)]: '6F03 020101',
      [fileId('keyCertificate', 1)]: request,
      [fileId('keyDescription', 2)]: rsaDescription,
      [fileId('keyCertificate', 3)]: '6703 020101',
    },
    others: [
      fileId('key', 0),
      fileId('key', 1),
      fileId('key', 2),
      fileId('key', 3),
      fileId('key', 4),
      fileId('key', 5),
    ],
    parameters: { [fileId('key', 5)]: '6206 A504 9102 2040 9000', [fileId('key', 4)]: '6982' },
  })
  assert.deepEqual(
    keys.map(({ reference, label, kind, bits, warnings }) => [reference, label, kind, bits, warnings.length]),
    [
      [1, toHex(sha1OfX), 'EC', 256, 1],
      [2, 'rsa1', 'RSA', 2048, 0],
      [3, '03', 'AES', 0, 2],
      [4, '04', 'AES', 0, 2],
      [5, '05', 'RSA', 0, 1],
    ],
  )
  assert.match(keys[0]!.warnings[0]!, /^description not understood: tag 6F/)
  assert.match(keys[3]!.warnings[0]!, /^parameters not read: .*6982/)
})

test('an AES key, and an unlimited counter', async () => {
  const { keys } = await inventory({
    files: {
      [fileId('keyDescription', 7)]: 'A8 1B 3006 0C04 61657331 3009 0401 07 0304 07C01080 A0 06 3004 0202 0100',
    },
    others: [fileId('key', 7)],
    parameters: { [fileId('key', 7)]: '6208 A506 9004 FFFFFFFF 9000' },
  })
  assert.equal(keys[0]!.useCounter, undefined)
  assert.equal(keys[0]!.kind, 'AES')
  assert.equal(keys[0]!.label, 'aes1')
  assert.equal(keys[0]!.bits, 256)
})

test('a description and a certificate that contradict each other', async () => {
  const { keys } = await inventory({
    files: { [fileId('keyDescription', 1)]: rsaDescription, [fileId('keyCertificate', 1)]: request },
    others: [fileId('key', 1)],
  })
  assert.equal(keys[0]!.kind, 'EC')
  assert.match(keys[0]!.warnings[0]!, /described as RSA key/)
})

test('what is left of a longer description after a shorter one is not looked at', async () => {
  const files = {
    [fileId('keyDescription', 1)]: `${ecDescription}A1B2C3D4`,
    [fileId('keyCertificate', 1)]: concat(fromHex(request), new Uint8Array(3000)),
  }
  const { keys } = await inventory({ files, others: [fileId('key', 1)] })
  assert.deepEqual(keys[0]!.warnings, [])
  assert.deepEqual(keys[0]!.certificate, fromHex(request))
})

test('thirty keys take two round trips', async () => {
  const references = Array.from({ length: 30 }, (_, i) => i + 1)
  const files = Object.fromEntries(
    references.flatMap(reference => [
      [fileId('keyDescription', reference), ecDescription],
      [fileId('keyCertificate', reference), request],
    ]),
  )
  const { keys, rounds } = await inventory({ files, others: references.map(reference => fileId('key', reference)) })
  assert.equal(keys.length, 30)
  assert.ok(keys.every(({ warnings }) => warnings.length === 0))
  assert.equal(rounds, 2)
})

test('long certificates are read on together', async () => {
  const long = concat(fromHex('30820BB8'), new Uint8Array(3000))
  const { keys, rounds } = await inventory({
    files: { [fileId('keyCertificate', 1)]: long, [fileId('keyCertificate', 2)]: long },
    others: [fileId('key', 1), fileId('key', 2)],
  })
  assert.deepEqual(keys[1]!.certificate, long)
  assert.equal(rounds, 4)
})

test('certificates and data, described and not', async () => {
  const { certificates, data } = await inventory({
    files: {
      [fileId('certificate', 0)]: '3003020101',
      [fileId('certificateDescription', 0)]: '301A 3009 0C03636178 03020640 3003 040177 A108 3006 3004 0402CA00',
      [fileId('certificate', 5)]: '3003020102',
      [fileId('certificateDescription', 9)]: '301A 3009 0C03636178 03020640 3003 040177 A108 3006 3004 0402CA00',
      [fileId('publicData', 0)]: '00',
      [fileId('dataDescription', 0)]: '301C 300A 0C0464617431 03020640 3006 0C0464617431 A106 3004 0402 CF00',
      [fileId('dataDescription', 1)]: '3021 300E 0C057072697631 030206C0 040101 3007 0C057072697631 A106 30040402 CD01',
      [fileId('privateData', 7)]: '00',
    },
  })
  assert.deepEqual(
    certificates.map(({ number, label, id, certificate }) => [number, label, toHex(id), toHex(certificate)]),
    [
      [0, 'cax', '77', '3003020101'],
      [5, 'certificate 5', '05', '3003020102'],
    ],
  )
  assert.deepEqual(
    data.map(({ number, label, private: isPrivate, warnings }) => [number, label, isPrivate, warnings.length]),
    [
      [0, 'dat1', false, 0],
      [1, 'priv1', true, 0],
      [7, 'data 7', true, 1],
    ],
  )
})

test('key domains: up to the first that is none', async () => {
  const uid = '11'.repeat(64)
  const { keyDomains } = await inventory({
    files: {},
    domains: [
      '0200 97E303855DC1C54D 9000',
      '6A88',
      `0000 0102030405060708 ${uid} 9000`,
      '6A86',
      '0200 97E303855DC1C54D 9000',
    ],
  })
  assert.deepEqual(keyDomains, [
    { index: 0, shares: 2, outstanding: 0, keyCheckValue: fromHex('97E303855DC1C54D') },
    { index: 1, shares: 0, outstanding: 0, keyCheckValue: new Uint8Array(8) },
    { index: 2, shares: 0, outstanding: 0, keyCheckValue: fromHex('0102030405060708'), uid: fromHex(uid) },
  ])
})

test('a file that never ends is given up', async () => {
  const { keys } = await inventory({
    files: {},
    others: [fileId('key', 1)],
    reads: { [fileId('keyCertificate', 1)]: '30820FFF 00 9000' },
  })
  assert.match(keys[0]!.warnings.join(), /certificate not read: the file has no end/)
})

test('a card that answers more than was asked for', async () => {
  const { keys } = await inventory({
    files: {},
    others: [fileId('key', 1)],
    reads: { [fileId('keyDescription', 1)]: `${'00'.repeat(300)} 9000` },
  })
  assert.match(keys[0]!.warnings.join(), /description not read: 300 bytes read, 256 were asked for/)
})
