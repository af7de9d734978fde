import { fromHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { WrappedDataKey } from './wrapped-data-key.ts'

const aes = {
  wrapping: 'AES_CBC',
  dataKey: 'dk_AQIDBAUGBwgJCgsMDQ4P',
  version: 'kv_8fLz9PX29_j5-vv8_f7_',
  cardKey: fromHex('beef'),
  wrapped: fromHex('00'.repeat(48)),
  check: fromHex('cc'.repeat(32)),
} as const
const ids = '0102030405060708090a0b0c0d0e0f f1f2f3f4f5f6f7f8f9fafbfcfdfeff'

bothWays(WrappedDataKey, [
  ['under an AES key', aes, `4b544b01 01 ${ids} 02beef 0030${'00'.repeat(48)} ${'cc'.repeat(32)}`],
  [
    'under an RSA key',
    { ...aes, wrapping: 'RSA_OAEP_SHA256', wrapped: fromHex('ab'.repeat(256)) },
    `4b544b01 02 ${ids} 02beef 0100${'ab'.repeat(256)} ${'cc'.repeat(32)}`,
  ],
])

rejects(WrappedDataKey, [
  ['another version', `4b544b02 01 ${ids} 02beef 000100 ${'cc'.repeat(32)}`, /wanted 4b544b01, got 4b544b02/],
  ['another wrapping', `4b544b01 03 ${ids} 02beef 000100 ${'cc'.repeat(32)}`, /03 is none of 01 AES_CBC/],
  ['no name of the card key', `4b544b01 01 ${ids} 00 000100 ${'cc'.repeat(32)}`, /wanted 1 to 64 bytes, got 0/],
  ['a long name of the card key', `4b544b01 01 ${ids} 41`, /wanted 1 to 64 bytes, got 65/],
  ['nothing wrapped', `4b544b01 01 ${ids} 02beef 0000 ${'cc'.repeat(32)}`, /wanted 1 to 512 bytes, got 0/],
  ['a length that is too long', `4b544b01 01 ${ids} 02beef ffff`, /wanted 1 to 512 bytes, got 65535/],
  ['a check value cut short', `4b544b01 01 ${ids} 02beef 000100 ${'cc'.repeat(31)}`, /wanted 32 bytes, 31 left/],
  ['more after its end', `4b544b01 01 ${ids} 02beef 000100 ${'cc'.repeat(32)} 00`, /1 bytes left over/],
])

unwritable(WrappedDataKey, [
  ['an id of something else', { ...aes, version: aes.dataKey }, /begins with kv_/],
  ['a short id', { ...aes, dataKey: 'dk_AQID' }, /begins with dk_/],
  ['a short check value', { ...aes, check: new Uint8Array(16) }, /wanted 32 bytes, got 16/],
])

fuzzCodec('wrapped data key', WrappedDataKey, [fromHex(`4b544b01 01 ${ids} 02beef 000100 ${'cc'.repeat(32)}`)])
