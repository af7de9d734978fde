import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import fc from 'fast-check'
import { AesCbc, cmac, pad } from './aes.ts'

const message = fromHex(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
)

/** NIST SP 800-38B, D.1 to D.3: key, and the MAC of so many bytes of the message. */
const macs = {
  '2b7e151628aed2a6abf7158809cf4f3c': [
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ],
  '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b': [
    [0, 'd17ddf46adaacde531cac483de7a9367'],
    [16, '9e99a7bf31e710900662f65e617c5184'],
    [40, '8a1de5be2eb31aad089a82e6ee908b0e'],
    [64, 'a1d5df0eed790f794d77589659f39a11'],
  ],
  '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4': [
    [0, '028962f61b7bf89efc6b551f4667d983'],
    [16, '28a7023f452e8f82bd4bf28d8c37c35c'],
    [40, 'aaf3d8f1de5640c232f5b169b9c911e6'],
    [64, 'e1992190549f6ed5696a2c056c315410'],
  ],
} as const

for (const [key, rows] of Object.entries(macs)) {
  describe(`AES-${4 * key.length}-CMAC`, () => {
    const mac = cmac(fromHex(key))
    for (const [length, expected] of rows) {
      test(`${length} bytes`, () => assert.equal(toHex(mac(message.subarray(0, length))), expected))
    }
    test('a MAC does not depend on those before it', () => {
      for (const [length, expected] of rows.toReversed()) {
        assert.equal(toHex(mac(message.subarray(0, length))), expected)
      }
    })
  })
}

describe('AES-CBC', () => {
  const key = fc.constantFrom(16, 24, 32).chain(size => fc.uint8Array({ minLength: size, maxLength: size }))
  const block = fc.uint8Array({ minLength: 16, maxLength: 16 })
  const blocks = fc
    .array(block, { minLength: 1, maxLength: 5 })
    .map(parts => Uint8Array.from(parts.flatMap(part => [...part])))

  test('the same as a fresh cipher for every message', () => {
    fc.assert(
      fc.property(key, fc.array(fc.tuple(block, blocks), { minLength: 1, maxLength: 6 }), (key, messages) => {
        const ours = new AesCbc(key)
        for (const [iv, message] of messages) {
          const fresh = createCipheriv(`aes-${8 * key.length}-cbc`, key, iv)
            .setAutoPadding(false)
            .update(message)
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

test('what is the caller’s stays as it is, a Buffer, too', () => {
  const message = Buffer.alloc(32, 7)
  const aes = new AesCbc(new Uint8Array(16))
  const iv = new Uint8Array(16).fill(9)
  const first = aes.encrypt(iv, message)
  const again = Uint8Array.from(first)
  first.fill(0)
  assert.deepEqual(new Uint8Array(aes.encrypt(iv, message)), again)
  const cryptogram = Buffer.from(again)
  aes.decrypt(iv, cryptogram)
  cryptogram.fill(0)
  assert.deepEqual(Buffer.from(aes.decrypt(iv, again)), message)
  cmac(new Uint8Array(16))(message)
  assert.deepEqual(message, Buffer.alloc(32, 7))
})
