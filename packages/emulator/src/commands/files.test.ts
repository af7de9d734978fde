/** Files: who may do what, offsets, ends, and what is listed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileId, UpdateBinary } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { apdu, emulatedToken, exchanges } from '@keytether/test/emulated-token'

const key = '00460100 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A'

exchanges('without log-in', 'initialized', [
  ['write', '00D72F03 0A 54020000 5304 01020304', '6982'],
  ['write what nobody may', '00D72F02 0A 54020000 5304 01020304', '6982'],
  ['delete', '00E40200 02 2F03', '6982'],
  ['delete the device key', '00E40200 02 CC00', '6982'],
  ['read the certificates', '00B12F02 04 54020000 02', '7F219000'],
  ['select and read them', '00A40000 02 2F02', '9000'],
  ['select and read them', '00B10000 04 54020000 02', '7F219000'],
  ['list', '80580000 000000', 'CC00 2F02 9000'],
])

exchanges('write', 'loggedIn', [
  ['no current file', '00D70000 0A 54020000 5304 01020304', '6A82'],
  ['not there yet', '00A40000 02 CE01', '6A82'],
  ['made, of no length', '00D7CE01 06 54020000 5300', '9000'],
  ['it is', '00A40000 02 CE01 00', '620E 81020000 820101 8302CE01 8A0105 9000'],
  ['to the current file', '00D70000 0A 54020000 5304 01020304', '9000'],
  ['at its end', '00D70000 08 54020004 5302 0506', '9000'],
  ['inside', '00D7CE01 08 54020001 5302 AAAA', '9000'],
  ['whole', '00B1CE01 04 54020000 06', '01AAAA0405069000'],
  ['shorter content leaves the rest', '00D7CE01 08 54020000 5302 0102', '9000'],
  ['size', '00A40000 02 CE01 00', /^620E81020006/],
  ['beyond the end', '00D7CE01 07 54020007 5301 00', '6B00'],
  ['the other file becomes current', '00D7CF00 07 54020000 5301 99', '9000'],
  ['read it', '00B10000 04 54020000 01', '999000'],
  ['data object missing', '00D7CE01 04 54020000', '6A80'],
  ['offset missing', '00D7CE01 03 530101', '6A80'],
  ['offset of one byte', '00D7CE01 06 540100 530101', '6A80'],
  ['not data objects', '00D7CE01 02 0102', '6A80'],
  ['the certificates', '00D72F02 07 54020000 5301 00', '6985'],
  ['the device key', '00D7CC00 07 54020000 5301 00', '6985'],
  ['a key', '00D7CC01 07 54020000 5301 00', '6985'],
  ['a file of no known kind', '00D71234 07 54020000 5301 00', '6A86'],
  ['scratch', '00D72F10 07 54020000 5301 00', '9000'],
  ['by extended lengths', '00D7CA00 000007 54020000 5301 77', '9000'],
])

exchanges('as some programs do it', 'loggedIn', [
  ['pypicohsm writes, with a long form of the length', '00D7CF01 00000C 54020000 53820004 01020304 0000', '9000'],
  ['OCF selects an elementary file', '00A40200 02 CF01 00', '620E 81020004 820101 8302CF01 8A0105 9000'],
  ['pypicohsm deletes', '00E40000 000002 CF01 0000', '9000'],
  ['it is gone', '00A40200 02 CF01 00', '6A82'],
])

exchanges('read', 'loggedIn', [
  ['no current file', '00B10000 04 54020000 00', '6A82'],
  ['no such file', '00B1CF01 04 54020000 00', '6A82'],
  ['made', '00D7CF01 0A 54020000 5304 01020304', '9000'],
  ['exactly', '00B1CF01 04 54020000 04', '010203049000'],
  ['less', '00B1CF01 04 54020001 02', '02039000'],
  ['more than there is', '00B1CF01 04 54020000 05', '010203046282'],
  ['all, short', '00B1CF01 04 54020000 00', '010203046282'],
  ['all, extended', '00B1CF01 000004 54020000 0000', '010203046282'],
  ['from inside', '00B1CF01 000004 54020003 0000', '046282'],
  ['at the end', '00B1CF01 04 54020004 00', '6282'],
  ['beyond the end', '00B1CF01 04 54020005 00', '6B00'],
  ['no Le', '00B1CF01 04 54020000', '9000'],
  ['offset missing', '00B1CF01', '6A80'],
  ['the device key', '00B1CC00 04 54020000 00', '6982'],
  ['no such key', '00B1CC01 04 54020000 00', '6A82'],
  ['a key', key, '9000'],
  ['even with log-in', '00B1CC01 04 54020000 00', '6982'],
])

exchanges('private data objects', 'loggedIn', [
  ['written', '00D7CD01 0A 54020000 5304 01020304', '9000'],
  ['read', '00B1CD01 04 54020000 04', '010203049000'],
  ['selecting the application logs out', apdu.select, /9000$/],
  ['listed', '80580000 000000', 'CC00 2F02 CD01 9000'],
  ['selected', '00A40000 02 CD01', '9000'],
  ['not read', '00B1CD01 04 54020000 04', '6982'],
  ['nor as the current file', '00B10000 04 54020000 04', '6982'],
  ['logged in', apdu.verify, '9000'],
  ['read', '00B10000 04 54020000 04', '010203049000'],
])

exchanges('delete', 'loggedIn', [
  ['no such file', '00E40200 02 CE01', '6A82'],
  ['no such key', '00E40200 02 CC01', '6A82'],
  ['the device key', '00E40200 02 CC00', '6985'],
  ['the certificates', '00E40200 02 2F02', '6985'],
  ['wrong parameters', '00E40100 02 CE01', '6A86'],
  ['wrong length', '00E40200 03 CE0100', '6700'],
  ['a key', key, '9000'],
  ['which comes with its request', '80580000 000000', 'CC00 2F02 CC01 CE01 9000'],
  ['current', '00A40000 02 CC01', '9000'],
  ['the key', '00E40200 02 CC01', '9000'],
  ['leaves its request', '80580000 000000', 'CC00 2F02 CE01 9000'],
  ['and no current file', '00B10000 04 54020000 00', '6A82'],
  ['without collecting garbage', '00E40280 02 CE01', '9000'],
  ['nothing left', '80580000 000000', 'CC00 2F02 9000'],
])

exchanges('SELECT', 'loggedIn', [
  ['an application of another card, first of those that OpenSC looks for', '00A4040007 627601FF000000', '6A82'],
  ['the second', '00A4040006 A00000000101', '6A82'],
  ['that changed nothing', '00200081', '9000'],
  ['no such path', '00A40800022F0000', '6A82'],
  ['no such path', '00A40800045015494600', '6A82'],
  ['no such file', '00A40000022F0300', '6A82'],
  ['no root', '00A40000023F0000', '6A82'],
  ['file without parameters', '00A4000C022F0200', '9000'],
  ['unknown form', '00A40001022F0200', '6A86'],
  ['of three bytes', '00A40000032F020000', '6700'],
  ['still logged in', '00200081', '9000'],
  ['the device key has no attributes', '00A4000002CC0000', '620E 81020000 820101 8302CC00 8A0105 9000'],
  ['as sc-hsm-embedded does', '00A404040BE82B0601040181C31F020100', /^621E.*9000$/],
  ['that logged out', '00200081', '63C3'],
  ['without parameters', '00A4040C0BE82B0601040181C31F0201', '9000'],
  ['without Le', '00A404000BE82B0601040181C31F0201', '9000'],
  ['unknown form', '00A404010BE82B0601040181C31F0201', '6A86'],
])

test('a file has an end, and so has the memory', async () => {
  const { send } = await emulatedToken('loggedIn')
  const write = (number: number, offset: number, length: number) => {
    const data = new Uint8Array(length).fill(0xab)
    return send(toHex(UpdateBinary.encodeRequest({ fid: fileId('publicData', number) }, { offset, data })))
  }
  assert.equal(await write(0, 0, 0x7fff), '9000')
  assert.equal(await write(0, 0x7fff, 1), '6A84')
  assert.equal(await send('00A4000002CF0000'), '620E81027FFF8201018302CF008A01059000')
  assert.match(await send('00B1CF00 000004 54020000 0000'), /^(AB){32767}6282$/)
  let files = 1
  while ((await write(files, 0, 0x7fff)) === '9000') files++
  assert.equal(files, 32)
  assert.match(await send('8050000000'), /^000000200004019000$/)
  assert.equal(await send('00E4020002CF00'), '9000')
  assert.equal(await write(0x40, 0, 0x7fff), '9000')
})
