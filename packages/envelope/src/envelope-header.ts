/**
 * What an envelope begins with. All that changes when its data key is wrapped anew is in `dataKey`; what follows is not touched.
 *
 * @module
 */
import { always, bytes, type Codec, DecodeError, decode, encode, struct, type TypeOf, u16 } from '@keytether/codec'
import { WrappedDataKey } from './wrapped-data-key.ts'

export const saltSize = 16
const longestDataKey = 1024

const dataKey: Codec<WrappedDataKey> = {
  write(out, value) {
    const written = encode(WrappedDataKey, value)
    u16.write(out, written.length)
    out.bytes(written)
  },
  read(input) {
    const start = input.offset
    const length = u16.read(input)
    if (length > longestDataKey) input.fail('LENGTH', `wanted at most ${longestDataKey} bytes, got ${length}`, start)
    const content = input.window(length)
    const value = WrappedDataKey.read(content)
    content.done()
    return value
  },
}

export const EnvelopeHeader = struct({
  /** KTE, and the version of the format. */
  magic: always(0x4b, 0x54, 0x45, 0x01),
  /** Behind its length in two bytes. */
  dataKey,
  /** Makes the payload's key another one for each envelope, however many there are of a data key. */
  salt: bytes(saltSize),
})
export type EnvelopeHeader = TypeOf<typeof EnvelopeHeader>

/** Magic and length, with which it is known how many bytes the header has. */
export const headerStart = 6

/** @param start the first bytes of an envelope, `headerStart` of them @throws DecodeError */
export function headerLength(start: Uint8Array): number {
  const { length } = decode(struct({ magic: always(0x4b, 0x54, 0x45, 0x01), length: u16 }), start)
  if (length > longestDataKey)
    throw new DecodeError('LENGTH', `wanted at most ${longestDataKey} bytes, got ${length}`, 4)
  return headerStart + length + saltSize
}
