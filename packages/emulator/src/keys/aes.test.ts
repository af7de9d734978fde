/** AES against the examples of its standards, and derivation against SHA-256. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import { decryptCbc, deriveSecret, encryptCbc, mac } from './aes.ts'
import { secretKeyOf } from './private-key.ts'

interface Examples {
  readonly iv: string
  readonly plaintext: string
  readonly keys: readonly {
    readonly key: string
    readonly cryptogram: string
    readonly macs: readonly { readonly length: number; readonly mac: string }[]
  }[]
}

const { iv, plaintext, keys } = vectors<Examples>('aes.json')

/** The card's own vector is zero: another one goes into the first block. */
function withIv(text: Uint8Array): Uint8Array {
  const vector = fromHex(iv)
  return text.map((byte, i) => byte ^ (vector[i] ?? 0))
}

for (const { key, cryptogram, macs } of keys) {
  const secret = secretKeyOf(fromHex(key))

  test(`CBC, ${secret.bits} bits`, () => {
    // Twice, since ciphers go on from one message to the next.
    for (let round = 0; round < 2; round++) {
      assert.equal(toHex(encryptCbc(secret, withIv(fromHex(plaintext))) as Uint8Array), cryptogram)
      assert.equal(toHex(withIv(decryptCbc(secret, fromHex(cryptogram)) as Uint8Array)), plaintext)
    }
  })

  test(`CMAC, ${secret.bits} bits`, () => {
    for (const { length, mac: expected } of macs) {
      assert.equal(toHex(mac(secret, fromHex(plaintext).subarray(0, length)) as Uint8Array), expected)
    }
  })

  test(`derivation, ${secret.bits} bits`, () => {
    const expected = createHash('sha256')
      .update(fromHex(`00000001${key}`))
      .update('label')
      .digest('hex')
    assert.equal(toHex(deriveSecret(secret, Buffer.from('label')) as Uint8Array), expected)
  })
}

test('whole blocks only', () => {
  const secret = secretKeyOf(new Uint8Array(16))
  for (const length of [0, 1, 15, 17, 31]) {
    assert.equal(encryptCbc(secret, new Uint8Array(length)), 'wrongLength')
    assert.equal(decryptCbc(secret, new Uint8Array(length)), 'wrongLength')
  }
})
