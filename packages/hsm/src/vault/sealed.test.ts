import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { bothWays, rejects, unwritable } from '@keytether/test/tables'
import { Sealed, seal, unseal } from './sealed.ts'

const nonce = new Uint8Array(12).fill(2)
const tag = new Uint8Array(16).fill(3)
const value = { keyId: fromHex('01020304'), nonce, tag, ciphertext: fromHex('AABB') }

bothWays(Sealed, [
  ['a secret', value, `01 01020304 ${'02'.repeat(12)} ${'03'.repeat(16)} AABB`],
  ['nothing', { ...value, ciphertext: new Uint8Array() }, `01 01020304 ${'02'.repeat(12)} ${'03'.repeat(16)}`],
])
rejects(Sealed, [
  ['another version', `02 01020304 ${'02'.repeat(28)}`, /wanted 01, got 02/],
  ['cut short', `01 01020304 ${'02'.repeat(27)}`, /wanted 16 bytes, 15 left/],
])
unwritable(Sealed, [['a key id of another length', { ...value, keyId: fromHex('01') }, /wanted 4 bytes, got 1/]])

const key = new Uint8Array(32).fill(7)
const place = { table: 'devices', column: 'pin', row: 'dev_1' } as const
const secret = fromHex('313233343536')

test('a secret is opened where it was sealed for', () => {
  const sealed = seal({ id: value.keyId, key }, place, secret)
  assert.deepEqual(unseal(key, place, sealed), secret)
  assert.notDeepEqual(seal({ id: value.keyId, key }, place, secret), sealed)
})

test('nowhere else, with no other key, and with nothing changed', () => {
  const sealed = seal({ id: value.keyId, key }, place, secret)
  assert.throws(() => unseal(new Uint8Array(32), place, sealed))
  for (const other of [
    { table: 'keys' },
    { column: 'facts' },
    { row: 'dev_2' },
    { column: 'pi', row: 'ndev_1' },
  ] as const) {
    assert.throws(() => unseal(key, { ...place, ...other }, sealed), JSON.stringify(other))
  }
  // The key id is not part of what is authenticated: it only says which key to try.
  for (let at = 5; at < sealed.length; at++) {
    assert.throws(() => unseal(key, place, sealed.with(at, sealed[at]! ^ 1)), `byte ${at}`)
  }
})
