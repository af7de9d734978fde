import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import fc from 'fast-check'
import { AesCbc, cmac, pad } from './aes.ts'

/** NIST SP 800-38B, D.1 */
describe('AES-128-CMAC', () => {
  const mac = cmac(fromHex('2b7e151628aed2a6abf7158809cf4f3c'))
  const message = fromHex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  )
  const rows = [
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ] as const
  for (const [length, expected] of rows) {
    test(`${length} bytes`, () => assert.equal(toHex(mac(message.subarray(0, length))), expected))
  }
  test('a MAC does not depend on those before it', () => {
    for (const [length, expected] of rows.toReversed()) {
      assert.equal(toHex(mac(message.subarray(0, length))), expected)
    }
  })
})

describe('AES-128-CBC', () => {
  const block = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const blocks = fc
    .array(block, { minLength: 1, maxLength: 5 })
    .map(parts => Uint8Array.from(parts.flatMap(part => [...part])))

  test('the same as a fresh cipher for every message', () => {
    fc.assert(
      fc.property(block, fc.array(fc.tuple(block, blocks), { minLength: 1, maxLength: 6 }), (key, messages) => {
        const ours = new AesCbc(key)
        for (const [iv, message] of messages) {
          const fresh = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false).update(message)
          const encrypted = ours.encrypt(iv, message)
          assert.equal(toHex(encrypted), toHex(fresh))
          assert.equal(toHex(ours.decrypt(iv, encrypted)), toHex(message))
        }
      }),
    )
  })

  test('the input is left as it is', () => {
    const message = new Uint8Array(32)
    new AesCbc(new Uint8Array(16)).encrypt(new Uint8Array(16).fill(1), message)
    assert.deepEqual(message, new Uint8Array(32))
  })

  test('only whole blocks', () => {
    const aes = new AesCbc(new Uint8Array(16))
    for (const length of [0, 1, 15, 17, 33]) {
      assert.throws(() => aes.encrypt(new Uint8Array(16), new Uint8Array(length)), RangeError)
      assert.throws(() => aes.decrypt(new Uint8Array(16), new Uint8Array(length)), RangeError)
    }
  })
})

test('padding always adds at least one byte', () => {
  assert.equal(toHex(pad(new Uint8Array())), `80${'00'.repeat(15)}`)
  assert.equal(toHex(pad(new Uint8Array(15))), `${'00'.repeat(15)}80`)
  assert.equal(toHex(pad(new Uint8Array(16))), `${'00'.repeat(16)}80${'00'.repeat(15)}`)
})
