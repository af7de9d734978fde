import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fuzz } from '@keytether/test/fuzz'
import { CustodyError } from '../errors.ts'
import { type Backup, decodeBackup, encodeBackup } from './backup.ts'
import { openData, sealData } from './sealed-data.ts'

const backup: Backup = {
  created: '2026-11-21T12:00:00.000Z',
  device: 'DESRCACC1/DESCHSMCA/DENK0105702',
  label: 'web',
  keyDomains: [{ index: 0, shares: 2, outstanding: 0, keyCheckValue: new Uint8Array(8).fill(7) }],
  keys: [
    {
      reference: 1,
      id: Uint8Array.of(1),
      label: 'größe',
      kind: 'EC',
      bits: 256,
      curve: 'secp256r1',
      publicKey: Uint8Array.of(0x30, 0),
      blob: Uint8Array.of(1, 2, 3),
      description: Uint8Array.of(0xa0, 0),
      certificate: Uint8Array.of(0x30, 0),
    },
    {
      reference: 2,
      id: Uint8Array.of(2),
      label: 'kept',
      kind: 'RSA',
      bits: 2048,
      obstacle: 'made outside any key domain',
    },
    {
      reference: 3,
      id: Uint8Array.of(3),
      label: 'secret',
      kind: 'AES',
      bits: 256,
      useCounter: 7,
      blob: Uint8Array.of(4),
      answer: { algorithm: 0x18, input: new Uint8Array(32), output: new Uint8Array(16) },
      metaData: Uint8Array.of(0x67, 0),
    },
  ],
  certificates: [{ number: 0, label: 'ca', description: Uint8Array.of(0x30, 0), content: Uint8Array.of(0x30, 0) }],
  data: [
    { number: 0, label: 'public', content: new Uint8Array() },
    { number: 1, label: 'private', private: true },
  ],
}

test('there and back', () => assert.deepEqual(decodeBackup(encodeBackup(backup)), backup))

describe('refused', () => {
  const file = encodeBackup(backup)
  const codeOf = (bytes: Uint8Array) => {
    try {
      decodeBackup(bytes)
      return 'none'
    } catch (error) {
      assert.ok(error instanceof CustodyError, String(error))
      return error.code
    }
  }
  test('what is no backup', () => {
    assert.equal(codeOf(new Uint8Array()), 'NOT_A_BACKUP')
    assert.equal(codeOf(new Uint8Array(100)), 'NOT_A_BACKUP')
  })
  test('a later version', () => {
    const later = Uint8Array.from(file)
    later[16] = 2
    assert.equal(codeOf(later), 'NOT_SUPPORTED')
  })
  test('every byte altered, every end missing', () => {
    for (let i = 17; i < file.length; i++) {
      const altered = Uint8Array.from(file)
      altered[i]! ^= 1
      assert.equal(codeOf(altered), 'DAMAGED')
      assert.equal(codeOf(file.subarray(0, i)), 'DAMAGED')
    }
  })
  test('a hash that is right, over a content that is not', () => {
    const odd = { ...backup, keyDomains: [{ ...backup.keyDomains[0]!, keyCheckValue: new Uint8Array(7) }] }
    assert.throws(() => encodeBackup(odd), RangeError)
  })
  fuzz('backups', codeOf, [file])
})

test('private data', () => {
  const content = new TextEncoder().encode('nobody else')
  const sealed = sealData(content, 'password')
  assert.deepEqual(openData(sealed, 'password'), content)
  assert.throws(() => openData(sealed, 'Password'), { code: 'WRONG_PASSWORD' })
  const encrypted = Uint8Array.from(sealed.encrypted)
  encrypted[0]! ^= 1
  assert.throws(() => openData({ ...sealed, encrypted }, 'password'), { code: 'WRONG_PASSWORD' })
  const sealedBackup = { ...backup, data: [{ number: 1, label: 'private', private: true as const, sealed }] }
  assert.deepEqual(decodeBackup(encodeBackup(sealedBackup)), sealedBackup)
})
