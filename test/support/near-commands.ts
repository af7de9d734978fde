/** Arbitrary commands for a card, most of them nearly right. */
import { decodeResponse, sw } from '@keytether/card'
import { concat, fromHex } from '@keytether/codec'
import fc from 'fast-check'
import { pin, soPin } from './emulated-token.ts'

const byte = fc.integer({ min: 0, max: 255 })

const data = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(
    ...['', '54020000', '540200005304AABBCCDD', 'CE01', 'CC01', '2F02', pin, soPin, `${soPin}${pin}`, `${pin}${pin}`]
      .concat([
        `800200018106${pin}8208${soPin}`,
        '800A04007F00070202030202',
        '980102',
        '910110',
        `04${'11'.repeat(64)}`,
        '830d5a5a454d554c43413030303031',
      ])
      .map(fromHex),
  ),
)

/** Of an unprotected class, with parameters that mean something now and then. */
export const nearCommand = fc
  .record({
    cla: fc.constantFrom(0x00, 0x80),
    ins: fc.constantFrom(
      0xa4,
      0x20,
      0x24,
      0x2c,
      0x50,
      0x84,
      0x58,
      0xb1,
      0xd7,
      0xe4,
      0x46,
      0x48,
      0x68,
      0x62,
      0x78,
      0x76,
      0x22,
      0x86,
      0x52,
      0x2a,
      0x54,
      0x82,
      0x5a,
      0x72,
      0x74,
    ),
    p2: fc.oneof(
      fc.constantFrom(
        0x00,
        0x01,
        0x02,
        0x03,
        0x81,
        0x88,
        0xa4,
        0xb6,
        0xbe,
        0x70,
        0x80,
        0x30,
        0x40,
        0xb0,
        0x10,
        0x18,
        0x99,
        0x92,
        0x93,
      ),
      byte,
    ),
    p1: fc.oneof(fc.constantFrom(0x00, 0x01, 0x02, 0x04, 0x41, 0x81, 0xcc, 0xce, 0x2f), byte),
    data,
    le: fc.option(byte, { nil: undefined }),
  })
  .map(({ cla, ins, p1, p2, data, le }) => {
    const lc = data.length > 0 ? [data.length] : []
    return concat(Uint8Array.of(cla, ins, p1, p2, ...lc), data, Uint8Array.from(le === undefined ? [] : [le]))
  })

/** The same under any class, and bytes that are no command. */
export const anyCommand = fc.oneof(
  nearCommand,
  fc.tuple(fc.constantFrom(0x0c, 0x8c, 0x04, 0x10), nearCommand).map(([cla, command]) => command.with(0, cla)),
  fc.uint8Array({ maxLength: 300 }),
)

const { internal: _, ...words } = sw
const known: readonly number[] = Object.values(words)

/** It ends with a status word of the card that does not mean a fault of the card. */
export function isKnownAnswer(answer: Uint8Array): boolean {
  const word = decodeResponse(answer).sw
  return known.includes(word) || (word & 0xfff0) === 0x63c0
}
