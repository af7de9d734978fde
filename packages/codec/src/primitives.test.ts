import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import fc from 'fast-check'
import {
  always,
  ascii,
  bytes,
  type Codec,
  decode,
  encode,
  fromHex,
  integer,
  mapped,
  nothing,
  oneOf,
  u8,
  u16,
  u32,
  utf8,
} from './index.ts'

function roundTrip<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  test('any value, there and back', () => {
    fc.assert(fc.property(values, value => assert.deepEqual(decode(codec, encode(codec, value)), value)))
  })
}

describe('unsigned', () => {
  bothWays(u8, [
    ['least', 0, '00'],
    ['greatest', 255, 'ff'],
  ])
  bothWays(u16, [['big-endian', 0x0102, '0102']])
  bothWays(u32, [['greatest', 0xffffffff, 'ffffffff']])
  roundTrip(u32, fc.nat(0xffffffff))
  rejects(u16, [
    ['a byte short', '01', /wanted 1 bytes, 0 left \(at byte 1\)/],
    ['a byte too many', '010203', /1 bytes left over/],
  ])
  unwritable(u8, [
    ['too much', 256, /from 0 to 255, got 256/],
    ['negative', -1, /got -1/],
    ['a fraction', 0.5, /got 0.5/],
    ['no number', Number.NaN, /got NaN/],
  ])
})

describe('integer', () => {
  bothWays(integer(), [
    ['zero', 0, '00'],
    ['one byte', 127, '7f'],
    ['a zero to stay positive', 128, '0080'],
    ['minus one', -1, 'ff'],
    ['least of one byte', -128, '80'],
    ['below that', -129, 'ff7f'],
    ['greatest of six bytes', 2 ** 47 - 1, '7fffffffffff'],
    ['least of six bytes', -(2 ** 47), '800000000000'],
  ])
  roundTrip(integer(), fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }))
  rejects(integer({ max: 4 }), [
    ['nothing', '', /wanted an integer of 1 to 4 bytes, got 0/],
    ['five bytes', '0100000000', /1 to 4 bytes, got 5/],
    ['a zero too many', '007f', /not in its shortest form/],
    ['a sign too many', 'ff80', /not in its shortest form/],
    ['three zeros too many', '00000001', /not in its shortest form/],
  ])
  unwritable(integer({ max: 2 }), [
    ['too much', 0x8000, /at most 2 bytes, got 32768/],
    ['too little', -0x8001, /got -32769/],
    ['beyond what numbers can tell apart', 2 ** 53, /wanted an integer/],
    ['a fraction', 1.5, /wanted an integer/],
  ])
  test('not in its shortest form, where lengths need not be either', () => {
    assert.equal(decode(integer(), fromHex('0000007f'), { lengths: 'any' }), 127)
    assert.equal(decode(integer(), fromHex('ffff80'), { lengths: 'any' }), -128)
  })
  fuzzCodec('integer', integer(), [fromHex('0080'), fromHex('ff7fffff')])
})

describe('bytes', () => {
  bothWays(bytes(), [
    ['none', new Uint8Array(), ''],
    ['some', Uint8Array.of(1, 2), '0102'],
  ])
  bothWays(bytes(2), [['just as many', Uint8Array.of(1, 2), '0102']])
  rejects(bytes(2), [
    ['too few', '01', /wanted 2 bytes, 1 left/],
    ['too many', '010203', /1 bytes left over/],
  ])
  rejects(bytes({ min: 2, max: 3 }), [
    ['too few', '01', /wanted 2 to 3 bytes, got 1/],
    ['too many', '01020304', /wanted 2 to 3 bytes, got 4/],
  ])
  rejects(bytes({ min: 2 }), [['too few', '01', /wanted at least 2 bytes, got 1/]])
  rejects(bytes({ min: 2, max: 2 }), [['too few', '01', /wanted 2 bytes, got 1/]])
  unwritable<Uint8Array>(bytes(2), [['too few', Uint8Array.of(1), /wanted 2 bytes, got 1/]])
  unwritable<Uint8Array>(bytes({ max: 2 }), [['too many', new Uint8Array(3), /wanted 0 to 2 bytes, got 3/]])
})

describe('text', () => {
  bothWays(utf8(), [
    ['none', '', ''],
    ['beyond ASCII', 'Größe', '4772c3b6c39f65'],
    ['a byte order mark is a character', '\ufeffa', 'efbbbf61'],
  ])
  roundTrip(utf8(), fc.string({ unit: 'binary' }))
  rejects(utf8(), [
    ['a lone continuation byte', '61 80', /not UTF-8 \(at byte 0\)/],
    ['an overlong form', 'c080', /not UTF-8/],
    ['a surrogate', 'eda080', /not UTF-8/],
    ['cut short', 'c3', /not UTF-8/],
  ])
  rejects(utf8({ max: 2 }), [['bounds count bytes', 'c3b6c3b6', /wanted 0 to 2 bytes, got 4/]])
  bothWays(ascii(), [['all that prints', ' ~', '207e']])
  roundTrip(ascii(), fc.string())
  rejects(ascii({ min: 1 }), [
    ['nothing', '', /wanted at least 1 bytes, got 0/],
    ['a control character', '410a', /not printable ASCII \(at byte 1\)/],
    ['the byte after the last', '417f', /not printable ASCII/],
    ['beyond ASCII', 'c3b6', /not printable ASCII \(at byte 0\)/],
  ])
  unwritable(ascii({ max: 2 }), [
    ['beyond ASCII', 'ö', /wanted printable ASCII/],
    ['too long', 'abc', /wanted 0 to 2 bytes, got 3/],
  ])
  test('a megabyte of it', () => {
    const text = 'a'.repeat(1 << 20)
    assert.equal(decode(ascii(), encode(ascii(), text)), text)
    assert.equal(decode(utf8(), encode(utf8(), text)), text)
  })
  fuzzCodec('utf8', utf8(), [fromHex('4772c3b6c39f65')])
  fuzzCodec('ascii', ascii(), [fromHex('207e')])
})

describe('values out of a set', () => {
  const colour = oneOf({ red: 0x01, green: 0x80 })
  bothWays(colour, [
    ['one', 'red', '01'],
    ['the other', 'green', '80'],
  ])
  rejects(colour, [['another', '02', /02 is none of 01 red, 80 green \(at byte 0\)/]])
  unwritable(colour, [
    ['another', 'blue' as 'red', /wanted one of red, green, got blue/],
    ['what every object has', 'toString' as 'red', /wanted one of red, green, got toString/],
  ])
  bothWays(always(0x01, 0x02), [['a constant', undefined, '0102']])
  rejects(always(0x01, 0x02), [['another', '0103', /wanted 0102, got 0103 \(at byte 0\)/]])
  bothWays(nothing, [['nothing', undefined, '']])
})

describe('mapped', () => {
  const even = mapped(u8, {
    write: (value: number) => 2 * value,
    read: (value, input) => (value % 2 === 0 ? value / 2 : input.fail('VALUE', `${value} is odd`)),
  })
  bothWays(even, [['seen in another form', 3, '06']])
  rejects(even, [['a value that is not allowed', '07', /7 is odd/]])
})
