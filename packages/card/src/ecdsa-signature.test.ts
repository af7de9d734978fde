import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, fromHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { EcdsaSignature } from './ecdsa-signature.ts'

bothWays(EcdsaSignature, [
  ['small numbers', { r: 1n, s: 0n }, '3006 0201 01 0201 00'],
  ['numbers that need a sign', { r: 0x80n, s: 0xff00n }, '3009 0202 0080 0203 00ff00'],
])

rejects(EcdsaSignature, [
  ['a negative number', '3006 0201 80 0201 01', /negative number/],
  ['more zeros than there should be', '3007 0202 0001 0201 01', /not in its shortest form/],
  ['an empty number', '3005 0200 0201 01', /wanted 1 to 80 bytes, got 0/],
  ['one number', '3003 0201 01', /wanted 1 bytes, 0 left/],
])

unwritable(EcdsaSignature, [['a negative number', { r: -1n, s: 1n }, /not negative/]])

test('zeros in front are passed over where the shortest form is not insisted on', () => {
  assert.deepEqual(decode(EcdsaSignature, fromHex('3008 0203 000001 0201 02'), { lengths: 'any' }), { r: 1n, s: 2n })
})

fuzzCodec('ECDSA signature', EcdsaSignature, [fromHex('3009 0202 0080 0203 00ff00')])
