import { encode, fromHex, toHex } from '@keytether/codec'
import { fuzzCodec } from '@keytether/test/fuzz'
import { bothWays, rejects } from '@keytether/test/tables'
import { EnvelopeHeader } from './envelope-header.ts'
import { WrappedDataKey } from './wrapped-data-key.ts'

const dataKey = {
  wrapping: 'AES_CBC',
  dataKey: 'dk_AQIDBAUGBwgJCgsMDQ4P',
  version: 'kv_8fLz9PX29_j5-vv8_f7_',
  cardKey: fromHex('beef'),
  wrapped: fromHex('00'.repeat(48)),
  check: fromHex('cc'.repeat(32)),
} as const
const written = toHex(encode(WrappedDataKey, dataKey))
const salt = '55'.repeat(16)

bothWays(EnvelopeHeader, [['a header', { dataKey, salt: fromHex(salt) }, `4b544501 0078 ${written} ${salt}`]])

rejects(EnvelopeHeader, [
  ['another version', `4b544502 0078 ${written} ${salt}`, /wanted 4b544501, got 4b544502/],
  ['a data key by itself', written, /wanted 4b544501, got 4b544b01/],
  ['a length that is too short', `4b544501 0077 ${written} ${salt}`, /wanted 32 bytes, 31 left/],
  ['a length that is too long', `4b544501 0079 ${written} ${salt}`, /1 bytes left over/],
  ['a length beyond all', `4b544501 0401 ${written} ${salt}`, /wanted at most 1024 bytes, got 1025/],
  ['no salt', `4b544501 0078 ${written}`, /wanted 16 bytes, 0 left/],
])

fuzzCodec('envelope header', EnvelopeHeader, [fromHex(`4b544501 0078 ${written} ${salt}`)])
