import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fuzz, fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import fc from 'fast-check'
import {
  always,
  anyTlv,
  bytes,
  choice,
  DecodeError,
  decode,
  encode,
  fromHex,
  optional,
  sequenceOf,
  tlv,
  tlvs,
  toHex,
  u8,
  u16,
  withRaw,
} from './index.ts'

const any = bytes()

describe('tags', () => {
  bothWays(tlv(0x04, any), [['of one byte', Uint8Array.of(1), '040101']])
  bothWays(tlv(0x7f49, any), [['of two bytes', Uint8Array.of(1), '7f490101']])
  bothWays(tlv(0x5f810a, any), [['of three bytes', Uint8Array.of(1), '5f810a0101']])
  rejects(tlv(0x04, any), [
    ['nothing', '', /wanted 1 bytes, 0 left/],
    ['another', '0500', /wanted tag 04, got 05 \(at byte 0\)/],
    ['cut short', '1f', /wanted 1 bytes, 0 left \(at byte 1\)/],
    ['of four bytes', '1f81818101', /tag of more than three bytes \(at byte 0\)/],
  ])
  rejects(tlv(0x04, u8), [
    ['a value too short', '0400', /wanted 1 bytes, 0 left \(at byte 2\)/],
    ['a value too long', '04020102', /1 bytes left over \(at byte 3\)/],
  ])
})

describe('lengths', () => {
  const object = tlv(0x04, any)
  const sizes = [
    [0x7f, '7f'],
    [0x80, '8180'],
    [0xff, '81ff'],
    [0x100, '820100'],
    [0xffff, '82ffff'],
    [0x10000, '83010000'],
  ] as const
  for (const [size, length] of sizes) {
    test(`${size} bytes`, () => {
      const written = encode(object, new Uint8Array(size))
      assert.equal(toHex(written.subarray(0, 1 + length.length / 2)), `04${length}`)
      assert.equal(decode(object, written).length, size)
    })
  }

  const padded = [
    ['one byte where none is needed', '04810100'],
    ['two where none is needed', '0482000100'],
    ['two where one is needed', `04820080${'00'.repeat(0x80)}`],
  ] as const
  rejects(
    object,
    padded.map(([name, hex]) => [name, hex, /length not in its shortest form \(at byte 1\)/]),
  )
  for (const [name, hex] of padded) {
    test(`taken where any form is: ${name}`, () => {
      assert.doesNotThrow(() => decode(object, fromHex(hex), { lengths: 'any' }))
    })
  }

  for (const lengths of ['shortest', 'any'] as const) {
    rejects(
      object,
      [
        ['indefinite', '04800000', /length byte 80 is not supported \(at byte 1\)/],
        ['of four bytes', '048400000001', /length byte 84 is not supported/],
        ['reserved', '04ff', /length byte FF is not supported/],
        ['three bytes for a short value', '0483000001 00', /not in its shortest form/],
        ['cut short', '0482 01', /wanted 1 bytes, 0 left/],
        ['beyond the end', '040201', /wanted 2 bytes, 1 left \(at byte 2\)/],
        ['far beyond the end', '0483ffffff', /wanted 16777215 bytes, 0 left/],
      ],
      { lengths },
    )
  }

  test('a value longer than any length says is the caller’s fault', () => {
    const pretended = { length: 0x1000000 } as Uint8Array
    assert.throws(() => encode(anyTlv, { tag: 0x04, value: pretended }), RangeError)
  })
})

describe('templates', () => {
  const template = tlvs({ a: tlv(0x80, u8), b: optional(tlv(0x81, u16)), c: tlv(0x82, any) })
  bothWays(template, [
    ['all', { a: 1, b: 2, c: Uint8Array.of(3) }, '800101 81020002 820103'],
    ['without what is optional', { a: 1, c: new Uint8Array() }, '800101 8200'],
  ])
  test('an optional object that is undefined is not written', () => {
    assert.equal(toHex(encode(template, { a: 1, b: undefined, c: new Uint8Array() })), '8001018200')
  })
  rejects(template, [
    ['nothing', '', /a \(tag 80\) is missing \(at byte 0\)/],
    ['one missing', '800101', /c \(tag 82\) is missing/],
    ['twice', '800101 800101 8200', /tag 80 occurs twice \(at byte 3\)/],
    ['twice, the other optional', '800101 81020001 81020001 8200', /tag 81 occurs twice/],
    ['out of order', '8200 800101', /tag 80 is out of order \(at byte 2\)/],
    ['unknown', '800101 830100 8200', /tag 83 is not allowed here \(at byte 3\)/],
    ['an object that goes beyond its template', '800101 820200', /wanted 2 bytes, 1 left/],
  ])
  fuzzCodec('template', template, [fromHex('800101 81020002 820103')])

  describe('in any order', () => {
    const anyOrder = tlvs({ a: tlv(0x80, u8), b: optional(tlv(0x81, u16)), c: tlv(0x82, any) }, { order: 'any' })
    bothWays(anyOrder, [['written as declared', { a: 1, c: new Uint8Array() }, '800101 8200']])
    test('read in another', () => {
      assert.deepEqual(decode(anyOrder, fromHex('8200 81020002 800101')), { a: 1, b: 2, c: new Uint8Array() })
    })
    rejects(anyOrder, [
      ['twice', '8200 800101 8200', /tag 82 occurs twice/],
      ['unknown', '8200 800101 8300', /tag 83 is not allowed here/],
    ])
    test('one tag for two objects is our own mistake', () => {
      assert.throws(() => tlvs({ a: tlv(0x80, u8), b: tlv(0x80, u8) }, { order: 'any' }), TypeError)
    })
  })

  describe('with objects that are not declared', () => {
    const lenient = tlvs({ a: tlv(0x80, u8) }, { unknown: 'ignore' })
    test('passed over, whatever is in them', () => {
      assert.deepEqual(decode(lenient, fromHex('5f490200ff 800101 a103ffffff')), { a: 1 })
    })
    rejects(lenient, [
      ['cut short', '800101 8105', /wanted 5 bytes, 0 left/],
      ['with a malformed length', '8180 800101', /length byte 80 is not supported/],
    ])
  })

  describe('with one tag for several objects', () => {
    const repeated = tlvs({ a: tlv(0x03, u8), b: optional(tlv(0x03, u8)), c: optional(tlv(0x02, u8)) })
    bothWays(repeated, [
      ['all', { a: 1, b: 2, c: 3 }, '030101 030102 020103'],
      ['the first alone', { a: 1, c: 3 }, '030101 020103'],
    ])
    rejects(repeated, [
      ['once too often', '030101 030102 030103', /tag 03 occurs twice/],
      ['after what must follow', '030101 020103 030102', /tag 03 is out of order/],
    ])
  })

  test('a constant object must be there, and is no part of the value', () => {
    const marked = tlvs({ mark: tlv(0x80, always(0x07)), a: tlv(0x81, u8) })
    assert.deepEqual(decode(marked, fromHex('800107 810101')), { a: 1 })
    assert.equal(toHex(encode(marked, { a: 1 })), '800107810101')
    assert.throws(() => decode(marked, fromHex('800108 810101')), /wanted 07, got 08/)
    assert.throws(() => decode(marked, fromHex('810101')), /mark \(tag 80\) is missing/)
  })
})

describe('alternatives', () => {
  const either = choice({ number: tlv(0x80, u8), bytes: tlv(0x81, any) })
  bothWays(either, [
    ['one', { kind: 'number', value: 1 }, '800101'],
    ['the other', { kind: 'bytes', value: new Uint8Array() }, '8100'],
  ])
  rejects(either, [
    ['neither', '8200', /tag 82 is not allowed here/],
    ['both', '800101 8100', /2 bytes left over/],
    ['nothing', '', /wanted 1 bytes, 0 left/],
  ])
  unwritable(either, [['neither', { kind: 'text' as 'number', value: 1 }, /wanted one of number, bytes, got text/]])
  bothWays(sequenceOf(either), [
    ['none', [], ''],
    [
      'in their order',
      [
        { kind: 'bytes', value: Uint8Array.of(7) },
        { kind: 'number', value: 1 },
      ],
      '810107 800101',
    ],
  ])
  rejects(sequenceOf(either), [['a bad one among them', '800101 8200', /tag 82 is not allowed here \(at byte 3\)/]])
  rejects(sequenceOf(bytes(0)), [['elements of no bytes', '00', /element of no bytes/]])
  fuzzCodec('sequence of alternatives', sequenceOf(either), [fromHex('810107 800101')])
})

describe('raw', () => {
  const signed = tlvs({ body: withRaw(tlv(0x7f4e, tlvs({ a: tlv(0x80, u8) }))), rest: tlv(0x81, any) })
  test('the bytes as they were, tag and length included', () => {
    const value = decode(signed, fromHex('7f4e810380010181 00'), { lengths: 'any' })
    assert.deepEqual(value.body, { value: { a: 1 }, raw: fromHex('7f4e8103800101') })
    assert.equal(toHex(encode(signed, value)), '7f4e81038001018100')
  })
  test('inside another object', () => {
    const inner = tlv(0x30, signed)
    const hex = '30087f4e038001018100'
    assert.equal(toHex(decode(inner, fromHex(hex)).body.raw), '7f4e03800101')
  })
})

describe('any object', () => {
  bothWays(anyTlv, [['not interpreted', { tag: 0x7f49, value: Uint8Array.of(1) }, '7f490101']])
  test('there and back', () => {
    const tag = fc.oneof(
      fc.nat(0xff).filter(tag => (tag & 0x1f) !== 0x1f),
      fc.nat(0x7f).map(low => 0x7f00 | low),
      fc.nat(0x7f).map(low => 0x5f8100 | low),
    )
    const value = fc.uint8Array({ maxLength: 400 })
    fc.assert(
      fc.property(fc.array(fc.record({ tag, value }, { noNullPrototype: true }), { maxLength: 4 }), objects => {
        assert.deepEqual(decode(sequenceOf(anyTlv), encode(sequenceOf(anyTlv), objects)), objects)
      }),
    )
  })
  const samples = [fromHex('7f490101'), fromHex('8181800102'), fromHex('5f810a03010203')]
  fuzz('objects', input => decode(sequenceOf(anyTlv), input), samples)
  fuzz('objects with any lengths', input => decode(sequenceOf(anyTlv), input, { lengths: 'any' }), samples)
})

test('the place of an error counts from the start of the input, however deep it is', () => {
  const deep = tlv(0x30, tlv(0x30, tlv(0x30, tlvs({ a: tlv(0x80, u8) }))))
  assert.throws(
    () => decode(deep, fromHex('3007 3005 3003 800201')),
    error => error instanceof DecodeError && error.code === 'TRUNCATED' && error.offset === 8,
  )
})
