import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError, fromHex, toHex } from '@keytether/codec'
import { fuzz } from '@keytether/test/fuzz'
import { definite } from './ber.ts'

const rows = [
  ['already definite', '3003 020103', '3003020103'],
  ['without lengths', '3080 020103 0000', '3003020103'],
  ['one in the other', 'a080 3080 020103 0000 0000', 'a0053003020103'],
  ['a string in pieces', '2480 040101 040102 0000', '04020102'],
  ['a string in pieces with lengths', '2406 040101 040102', '04020102'],
  ['a long length', '30820003 020103', '3003020103'],
] as const

for (const [name, ber, der] of rows) {
  test(name, () => assert.equal(toHex(definite(fromHex(ber.replaceAll(' ', '')))), der))
}

for (const [name, ber] of [
  ['no end', '3080 020103'],
  ['half an end', '3080 0001'],
  ['a value in one piece without length', '0480 0000'],
  ['bytes left over', '3000 00'],
  ['a piece that is none', '2403 020103'],
  ['too deep', '3080'.repeat(40)],
] as const) {
  test(`refused: ${name}`, () => assert.throws(() => definite(fromHex(ber.replaceAll(' ', ''))), DecodeError))
}

fuzz('BER', input => definite(input), [fromHex('3080020103248004010104010200000000')])
