import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Codec, fromHex, toHex } from '@keytether/codec'
import { fuzz } from '@keytether/test/fuzz'
import { rejects } from '@keytether/test/tables'
import fc from 'fast-check'
import {
  type CommandApdu,
  decodeCommand,
  decodeResponse,
  encodeCommand,
  encodeResponse,
  type ResponseApdu,
} from './apdu.ts'

const header = { cla: 0x00, ins: 0xa4, p1: 0x01, p2: 0x02 }
const none = new Uint8Array()
const some = Uint8Array.of(0x2f, 0x03)
const zeros = (length: number) => new Uint8Array(length)

describe('commands', () => {
  const rows: readonly (readonly [name: string, apdu: CommandApdu, hex: string])[] = [
    ['case 1', { ...header, data: none }, '00a40102'],
    ['case 2, short', { ...header, data: none, le: 1 }, '00a40102 01'],
    ['case 2, short, all', { ...header, data: none, le: 256 }, '00a40102 00'],
    ['case 3, short', { ...header, data: some }, '00a40102 02 2f03'],
    ['case 3, short, longest', { ...header, data: zeros(255) }, `00a40102 ff ${'00'.repeat(255)}`],
    ['case 4, short', { ...header, data: some, le: 16 }, '00a40102 02 2f03 10'],
    ['case 4, short, all', { ...header, data: some, le: 256 }, '00a40102 02 2f03 00'],
    ['case 2, extended', { ...header, data: none, le: 257, extended: true }, '00a40102 000101'],
    ['case 2, extended, all', { ...header, data: none, le: 65536, extended: true }, '00a40102 000000'],
    ['case 2, extended, though short would do', { ...header, data: none, le: 8, extended: true }, '00a40102 000008'],
    ['case 3, extended', { ...header, data: zeros(256), extended: true }, `00a40102 000100 ${'00'.repeat(256)}`],
    ['case 3, extended, though short would do', { ...header, data: some, extended: true }, '00a40102 000002 2f03'],
    ['case 4, extended', { ...header, data: some, le: 512, extended: true }, '00a40102 000002 2f03 0200'],
    ['case 4, extended, all', { ...header, data: some, le: 65536, extended: true }, '00a40102 000002 2f03 0000'],
    [
      'case 4, extended, longest',
      { ...header, data: zeros(65535), le: 65536, extended: true },
      `00a40102 00ffff ${'00'.repeat(65535)} 0000`,
    ],
  ]
  for (const [name, apdu, hex] of rows) {
    test(`${name}: written`, () => assert.equal(toHex(encodeCommand(apdu)), toHex(fromHex(hex))))
    test(`${name}: read`, () => assert.deepEqual(decodeCommand(fromHex(hex)), apdu))
  }

  test('extended where the lengths ask for it', () => {
    for (const apdu of [
      { ...header, data: zeros(256) },
      { ...header, data: none, le: 257 },
      { ...header, data: some, le: 65536 },
    ]) {
      assert.deepEqual(encodeCommand(apdu), encodeCommand({ ...apdu, extended: true }))
    }
  })

  const command: Codec<CommandApdu> = {
    write: (out, apdu) => out.bytes(encodeCommand(apdu)),
    read: input => decodeCommand(input.bytes(input.left)),
  }
  rejects(command, [
    ['nothing', '', /wanted at least 4 bytes, 0 left \(at byte 0\)/],
    ['half a header', '00a401', /wanted at least 4 bytes, 3 left/],
    ['data cut short', '00a40102 03 2f03', /Lc says 3 bytes, 2 follow \(at byte 4\)/],
    ['data too long', '00a40102 02 2f030000', /Lc says 2 bytes, 4 follow/],
    ['no data, but a length of none', '00a40102 0000', /length fields do not fit 6 bytes/],
    ['extended, data cut short', '00a40102 000003 2f03', /length fields do not fit 9 bytes/],
    ['extended, one byte of Le', '00a40102 000002 2f03 00', /length fields do not fit 10 bytes/],
    ['extended, three bytes of Le', '00a40102 000002 2f03 000000', /length fields do not fit 12 bytes/],
    ['extended, a length of none before Le', '00a40102 000000 0000', /length fields do not fit 9 bytes/],
  ])

  test('out of range is the caller’s fault', () => {
    for (const le of [0, -1, 65537]) assert.throws(() => encodeCommand({ ...header, data: none, le }), RangeError)
    assert.throws(() => encodeCommand({ ...header, data: zeros(65536) }), RangeError)
  })

  const byte = fc.nat(255)
  const apdus = fc.record(
    {
      cla: byte,
      ins: byte,
      p1: byte,
      p2: byte,
      data: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(zeros(255), zeros(256))),
      le: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 65536 })),
    },
    { requiredKeys: ['cla', 'ins', 'p1', 'p2', 'data'], noNullPrototype: true },
  )
  test('any command, there and back', () => {
    fc.assert(
      fc.property(apdus, fc.boolean(), (apdu, wantExtended) => {
        const { extended, ...read } = decodeCommand(encodeCommand({ ...apdu, extended: wantExtended }))
        assert.deepEqual(read, apdu)
        const lengths = apdu.data.length > 0 || apdu.le !== undefined
        const needed = apdu.data.length > 255 || (apdu.le ?? 0) > 256
        assert.equal(extended === true, lengths && (wantExtended || needed))
      }),
    )
  })
  fuzz(
    'commands: what is read is written as it was',
    bytes => assert.deepEqual(encodeCommand(decodeCommand(bytes)), bytes.slice()),
    rows.slice(0, -1).map(([, , hex]) => fromHex(hex)),
    { runs: 1000 },
  )
  test('what is read from a Buffer is a copy', () => {
    const buffer = Buffer.from('00a40102022f03', 'hex')
    const { data } = decodeCommand(buffer)
    buffer.fill(0xff)
    assert.deepEqual(data, some)
  })
})

describe('responses', () => {
  const rows: readonly (readonly [name: string, apdu: ResponseApdu, hex: string])[] = [
    ['status word alone', { data: none, sw: 0x6a82 }, '6a82'],
    ['data', { data: some, sw: 0x9000 }, '2f039000'],
  ]
  for (const [name, apdu, hex] of rows) {
    test(`${name}: written`, () => assert.equal(toHex(encodeResponse(apdu)), hex))
    test(`${name}: read`, () => assert.deepEqual(decodeResponse(fromHex(hex)), apdu))
  }
  test('without a status word there is none', () => {
    assert.throws(() => decodeResponse(none), /wanted at least 2 bytes, 0 left/)
    assert.throws(() => decodeResponse(Uint8Array.of(0x90)), /wanted at least 2 bytes, 1 left/)
  })
  test('what is read from a Buffer is a copy', () => {
    const buffer = Buffer.from('2f039000', 'hex')
    const { data } = decodeResponse(buffer)
    buffer.fill(0xff)
    assert.deepEqual(data, some)
  })
})
