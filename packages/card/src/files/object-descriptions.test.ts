import { describe } from 'node:test'
import { bothWays, rejects } from '@keytether/test/tables'
import { CertificateDescription, DataDescription } from './object-descriptions.ts'

describe('certificates', () => {
  bothWays(CertificateDescription, [
    [
      'OpenSC',
      {
        kind: 'x509',
        label: 'cax',
        flags: ['modifiable'],
        id: Uint8Array.of(0x77),
        path: Uint8Array.of(0xca, 0x00),
      },
      '301A 3009 0C03636178 03020640 3003 040177 A108 3006 3004 0402CA00',
    ],
    [
      'card-verifiable',
      { kind: 'cvc', id: Uint8Array.of(0x01), path: Uint8Array.of(0xca, 0x01) },
      'A511 3000 3003 040101 A108 3006 3004 0402CA01',
    ],
  ])
  rejects(CertificateDescription, [
    ['no path', '3009 3000 3003 040177 A100', /wanted 1 bytes, 0 left/],
    ['a path too long', `3020 3000 3003 040177 A117 3015 3013 0411 ${'00'.repeat(17)}`, /wanted 0 to 16 bytes, got 17/],
  ])
})

describe('data', () => {
  bothWays(DataDescription, [
    [
      'OpenSC, public',
      { label: 'dat1', flags: ['modifiable'], application: 'dat1', path: Uint8Array.of(0xcf, 0x00) },
      '301C 300A 0C0464617431 03020640 3006 0C0464617431 A106 3004 0402CF00',
    ],
    [
      'OpenSC, private',
      {
        label: 'priv1',
        flags: ['private', 'modifiable'],
        authId: Uint8Array.of(1),
        application: 'priv1',
        path: Uint8Array.of(0xcd, 0x00),
      },
      '3021 300E 0C057072697631 030206C0 040101 3007 0C057072697631 A106 30040402CD00',
    ],
  ])
  rejects(DataDescription, [['no path', '300A 3000 3006 0C0464617431', /type \(tag A1\) is missing/]])
})
