import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError, fromHex, toHex } from '@keytether/codec'
import { fuzz } from '@keytether/test/fuzz'
import { child, oid, readBer } from './ber.ts'

test('definite and indefinite lengths lead to the same', () => {
  const [definite, indefinite] = ['3007 0402aabb 020101', '3080 2480 0401aa 0401bb 0000 020101 0000'].map(hex =>
    readBer(fromHex(hex)),
  )
  for (const object of [definite!, indefinite!]) {
    assert.equal(toHex(object.children[0]!.content), 'aabb')
    assert.equal(toHex(child(object, 1, 0x02, 'number').content), '01')
  }
  assert.equal(toHex(indefinite!.raw), '308024800401aa0401bb00000201010000')
  assert.equal(toHex(readBer(fromHex('0482000aaabbccddeeff00112233')).content), 'aabbccddeeff00112233')
})

test('object identifiers', () => {
  for (const [hex, dotted] of [
    ['06092a864886f70d010703', '1.2.840.113549.1.7.3'],
    ['06072b8104010b0063', '1.3.132.1.11.0.99'],
    ['060960864801650304012a', '2.16.840.1.101.3.4.1.42'],
  ] as const)
    assert.equal(oid(readBer(fromHex(hex))), dotted)
})

for (const [name, hex, message] of [
  ['nothing', '', /wanted an object/],
  ['a length beyond the end', '0405aa', /wanted 5 bytes, 1 left/],
  ['bytes after the end', '0401aa00', /1 bytes left over/],
  ['no end where one is due', '30800401aa', /wanted an object/],
  ['a value without a length', '0480aa0000', /only the end tells/],
  ['a length of too many bytes', '048500000000 01aa', /too many bytes/],
  ['a long tag', '1f8101 00', /more than one byte/],
  ['depth without end', '3080'.repeat(30), /without end/],
] as const) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readBer(fromHex(hex)),
      error => error instanceof DecodeError && message.test(error.message),
    )
  })
}

test('a child that is not there', () => {
  assert.throws(() => child(readBer(fromHex('3000')), 0, 0x02, 'number'), /number: wanted tag 02, got nothing/)
  assert.throws(() => child(readBer(fromHex('3003040100')), 0, 0x02, 'number'), /wanted tag 02, got 04/)
})

fuzz('BER', readBer, [fromHex('3080 2480 0401aa 0401bb 0000 020101 0000'), fromHex('30820007 0402aabb 020101')])
