import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, fromHex } from '@keytether/codec'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { PrivateKeyDescription } from './key-description.ts'

const ec = {
  kind: 'ec',
  label: 'ec1',
  flags: ['private', 'modifiable'],
  authId: Uint8Array.of(1),
  id: Uint8Array.of(1),
  usage: ['sign', 'derive'],
  keyReference: 1,
  bits: 256,
} as const satisfies PrivateKeyDescription

const rsa = {
  kind: 'rsa',
  label: 'rsa1',
  flags: ['private', 'modifiable'],
  authId: Uint8Array.of(1),
  id: Uint8Array.of(2),
  usage: ['decrypt', 'sign', 'signRecover'],
  keyReference: 2,
  bits: 2048,
} as const satisfies PrivateKeyDescription

const accessFlags = ['sensitive', 'alwaysSensitive', 'neverExtractable', 'local'] as const

/** Observed on the wire from the named software, but for the last two. */
bothWays(PrivateKeyDescription, [
  ['OpenSC 0.23, P-256', ec, 'A027300C0C03656331030206C0040101300B0401010303072080020101A10A30083002040002020100'],
  [
    'OpenSC 0.26, P-256',
    { ...ec, accessFlags },
    'A02B300C0C03656331030206C0040101300F0401010303072080030203B8020101A10A30083002040002020100',
  ],
  ['OpenSC 0.23, RSA 2048', rsa, '3027300D0C0472736131030206C0040101300A04010203020470020102A10A30083002040002020800'],
  [
    'OpenSC 0.26, RSA 2048',
    { ...rsa, accessFlags },
    '302B300D0C0472736131030206C0040101300E04010203020470030203B8020102A10A30083002040002020800',
  ],
  [
    'OpenSC 0.23, after the certificate was written',
    { ...rsa, accessFlags, keyReference: 1, subject: fromHex('300C310A300806035504030C0178') },
    '303D300D0C0472736131030206C0040101300E04010203020470030203B8020101A010300E300C310A300806035504030C0178A10A30083002040002020800',
  ],
  [
    'a Nitrokey HSM',
    {
      ...ec,
      label: 'btc-test',
      id: fromHex('4D8B45C6B9E00AEE9C677B595E7B7B72572035ED'),
      usage: ['sign', 'signRecover', 'derive'],
    },
    'A03F30110C086274632D74657374030206C0040101301E04144D8B45C6B9E00AEE9C677B595E7B7B72572035ED0303073080020101A10A30083002040002020100',
  ],
  [
    'an AES key',
    { kind: 'aes', label: 'aes1', id: Uint8Array.of(3), usage: ['encrypt', 'decrypt'], bits: 256 },
    'A821 3006 0C04 61657331 3007 0401 03 0302 06C0 A006 3004 0202 0100 A106 3004 3002 0400',
  ],
  [
    'a P-521 key with the greatest reference',
    { kind: 'ec', id: Uint8Array.of(9), usage: ['sign'], keyReference: 255, bits: 521 },
    'A01B 3000 300B 0401 09 0302 0520 0202 00FF A10A 3008 3002 0400 0202 0209',
  ],
])

/** Taken as well, and not written: each row with what is understood of it. */
describe('read leniently', () => {
  const rows: readonly (readonly [name: string, hex: string, expected: PrivateKeyDescription])[] = [
    [
      'sc-hsm-embedded, P-256: one unused bit less than there is',
      'A01D30050C0365633130080401010303062080A10A30083002040002020100',
      { kind: 'ec', label: 'ec1', id: Uint8Array.of(1), usage: ['sign', 'derive'], bits: 256 },
    ],
    [
      'sc-hsm-embedded, RSA 2048: a byte of zero bits',
      '301E30060C047273613130080401020303066000A10A30083002040002020800',
      { kind: 'rsa', label: 'rsa1', id: Uint8Array.of(2), usage: ['decrypt', 'sign'], bits: 2048 },
    ],
    [
      'Pico HSM, AES: a bit of use without a name',
      'A822 3006 0C04 61657331 3008 0401 03 0303 07C010 A006 3004 0202 0100 A106 3004 3002 0400',
      { kind: 'aes', label: 'aes1', id: Uint8Array.of(3), usage: ['encrypt', 'decrypt'], bits: 256 },
    ],
    [
      'sc-hsm-embedded, AES: the size without a sequence, and no path',
      'A817 3006 0C04 61657331 3007 0401 03 0302 06C0 A004 0202 0100',
      { kind: 'aes', label: 'aes1', id: Uint8Array.of(3), usage: ['encrypt', 'decrypt'], bits: 256 },
    ],
    [
      'no label at all, objects unknown to us, and the rest of a longer description',
      'A01D 3003 020100 300A 0401 09 0101 FF 0302 0520 A10A 3008 3002 0400 0202 0100 0000FFFF',
      { kind: 'ec', id: Uint8Array.of(9), usage: ['sign'], bits: 256 },
    ],
  ]
  for (const [name, hex, expected] of rows) {
    test(name, () => assert.deepEqual(decode(PrivateKeyDescription, fromHex(hex)), expected))
  }
})

rejects(PrivateKeyDescription, [
  ['an empty file', '', /wanted 1 bytes, 0 left/],
  ['another kind of object', 'A300', /tag A3 is not allowed here/],
  ['no identifier', 'A014 3000 3004 0302 0520 A10A 3008 3002 0400 0202 0100', /id \(tag 04\) is missing/],
  ['no size', 'A013 3000 3007 0401 09 0302 0520 A106 3004 3002 0400', /bits \(tag 02\) is missing/],
  [
    'nine unused bits',
    'A017 3000 3007 0401 09 0302 0920 A10A 3008 3002 0400 0202 0100',
    /wanted 0 to 7 unused bits, got 9/,
  ],
  ['a label that is not UTF-8', 'A01A 3003 0C01 FF 3007 0401 09 0302 0520 A10A 3008 3002 0400 0202 0100', /not UTF-8/],
])

unwritable(PrivateKeyDescription, [
  ['an identifier of 256 bytes', { ...ec, id: new Uint8Array(256) }, /wanted 0 to 255 bytes, got 256/],
])
