import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { always, bytes, struct, u8, u16 } from './index.ts'

const point = struct({ version: always(0x01), x: u8, y: u16 })

bothWays(point, [['fields in order, without the constant', { x: 2, y: 3 }, '01020003']])
bothWays(struct({ head: u8, rest: bytes() }), [
  ['the last takes what is left', { head: 1, rest: Uint8Array.of(2) }, '0102'],
])
bothWays(struct({}), [['no fields', {}, '']])

rejects(point, [
  ['another constant', '02020003', /wanted 01, got 02 \(at byte 0\)/],
  ['cut short', '010200', /wanted 1 bytes, 0 left \(at byte 3\)/],
  ['bytes after the end', '0102000304', /1 bytes left over \(at byte 4\)/],
])

unwritable(point, [['a value out of range', { x: 256, y: 0 }, /from 0 to 255, got 256/]])
