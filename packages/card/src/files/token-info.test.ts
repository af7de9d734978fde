import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, fromHex } from '@keytether/codec'
import { bothWays, rejects } from '@keytether/test/tables'
import { TokenInfo } from './token-info.ts'

bothWays(TokenInfo, [
  ['OpenSC', { version: 0, label: 'mytoken', flags: ['prnGeneration'] }, '3010 020100 8007 6D79746F6B656E 03020520'],
  [
    'all there is',
    { version: 0, serialNumber: Uint8Array.of(0x12), manufacturer: 'Größe', label: '', flags: [] },
    '3014 020100 040112 0C07 4772C3B6C39F65 8000 030100',
  ],
])

test('objects unknown to us, and what a longer label left behind, are passed over', () => {
  const hex = '3010 020100 3003020101 8002 6162 03020520 FFFF'
  assert.deepEqual(decode(TokenInfo, fromHex(hex)), { version: 0, label: 'ab', flags: ['prnGeneration'] })
})

rejects(TokenInfo, [
  ['an empty file', '', /wanted 1 bytes, 0 left/],
  ['no version', '3009 8007 6D79746F6B656E', /version \(tag 02\) is missing/],
  ['two labels', '3009 020100 800161 800162', /tag 80 occurs twice/],
])
