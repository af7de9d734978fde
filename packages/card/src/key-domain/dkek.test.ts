import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import fc from 'fast-check'
import { combineShares, keyEncryptionKey } from './dkek.ts'

const { real, computed } = vectors<Record<'real' | 'computed', Record<string, string>>>('key-domains.json')

for (const [name, key, expected] of [
  ['a real device', real.share!, real],
  ['a key of zeros', computed.key!, computed],
] as const) {
  test(`what is derived from the key: ${name}`, () => {
    const kek = keyEncryptionKey(fromHex(key))
    assert.equal(toHex(kek.keyCheckValue), expected.keyCheckValue)
    assert.equal(toHex(kek.encryption), expected.encryption)
    assert.equal(toHex(kek.authentication), expected.authentication)
  })
}

test('one share is the key', () => assert.equal(toHex(combineShares([fromHex(real.share!)])), real.share))

test('shares make the same key in any order', () => {
  const share = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const shuffled = fc
    .array(share, { minLength: 1, maxLength: 6 })
    .chain(shares => fc.tuple(fc.constant(shares), fc.shuffledSubarray(shares, { minLength: shares.length })))
  fc.assert(fc.property(shuffled, ([shares, again]) => assert.deepEqual(combineShares(again), combineShares(shares))))
})

test('no shares, and shares and keys of another length, are the caller’s fault', () => {
  assert.throws(() => combineShares([]), RangeError)
  assert.throws(() => combineShares([new Uint8Array(32), new Uint8Array(31)]), RangeError)
  assert.throws(() => keyEncryptionKey(new Uint8Array(33)), RangeError)
})
