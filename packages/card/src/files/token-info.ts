/**
 * The token's label, in the file 2F03.
 *
 * @see ISO/IEC 7816-15, 8.10; PKCS #15 v1.1, 6.9
 * @module
 */
import { bytes, integer, optional, type TypeOf, tlv, tlvs, utf8 } from '@keytether/codec'
import { firstOf, namedBits } from './attributes.ts'

const text = utf8({ max: 255 })

/** The content of the file 2F03. */
export const TokenInfo = firstOf(
  tlv(
    0x30,
    tlvs(
      {
        version: tlv(0x02, integer({ max: 4 })),
        serialNumber: optional(tlv(0x04, bytes({ max: 255 }))),
        manufacturer: optional(tlv(0x0c, text)),
        label: optional(tlv(0x80, text)),
        flags: optional(tlv(0x03, namedBits({ readOnly: 0, loginRequired: 1, prnGeneration: 2, eidCompliant: 3 }))),
      },
      { unknown: 'ignore' },
    ),
  ),
)
export type TokenInfo = TypeOf<typeof TokenInfo>
