/**
 * ECDSA signatures as the card answers them.
 *
 * @see RFC 3279, 2.2.3; X.690, 8.3
 * @module
 */
import { bytes, concat, fromHex, mapped, struct, type TypeOf, tlv, toHex } from '@keytether/codec'
import { fromNumber } from './numbers.ts'

/** 521 bits and a sign take 66 bytes; some cards put more zeros in front than there should be. */
const longest = 80

const positive = tlv(
  0x02,
  mapped(bytes({ min: 1, max: longest }), {
    write(value: bigint) {
      if (value < 0n) throw new RangeError('wanted a number that is not negative')
      const digits = value.toString(16)
      const whole = digits.padStart(digits.length + (digits.length % 2), '0')
      return fromHex(whole >= '80' ? `00${whole}` : whole)
    },
    read(content, input) {
      const [first = 0, second = 0x80] = content
      if (first >= 0x80) input.fail('VALUE', 'negative number')
      const shortest = first !== 0 || second >= 0x80
      if (!shortest && input.options.lengths !== 'any') input.fail('LENGTH', 'integer not in its shortest form')
      return BigInt(`0x${toHex(content)}`)
    },
  }),
)

export const EcdsaSignature = tlv(0x30, struct({ r: positive, s: positive }))
export type EcdsaSignature = TypeOf<typeof EcdsaSignature>

/**
 * r ‖ s, as certificates have it.
 *
 * @param size bytes of the order of the curve's group
 */
export function plainSignature({ r, s }: EcdsaSignature, size: number): Uint8Array<ArrayBuffer> {
  return concat(fromNumber(r, size), fromNumber(s, size))
}
