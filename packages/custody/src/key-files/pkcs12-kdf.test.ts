import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { bmpPasswords, deriveBytes } from './pkcs12-kdf.ts'

/** Known answers that go round among implementations of PKCS #12; SHA-1. */
const answers = [
  ['smeg', 1, '0a58cf64530d823f', 'key', '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
  ['smeg', 1, '0a58cf64530d823f', 'initializationVector', '79993dfe048d3b76'],
  ['smeg', 1, '642b99ab44fb4b1f', 'key', 'f3a95fec48d7711e985cfe67908c5ab79fa3d7c5caa5d966'],
  ['smeg', 1, '3d83c0e4546ac140', 'mac', '8d967d88f6caa9d714800ab3d48051d63f73a312'],
  ['queeg', 1000, '05dec959acff72f7', 'key', 'ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4'],
  ['queeg', 1000, '05dec959acff72f7', 'initializationVector', '11dedad7758d4860'],
  ['queeg', 1000, '263216fcc2fab31c', 'mac', '5ec4c7a80df652294c3925b6489a7ab857c83476'],
] as const

for (const [password, iterations, salt, use, expected] of answers) {
  test(`${password}, ${salt}, ${use}`, () => {
    const derivation = { hash: 'sha1', salt: fromHex(salt), iterations }
    const [bmp] = bmpPasswords(password)
    assert.equal(toHex(deriveBytes(derivation, bmp!, use, expected.length / 2)), expected)
  })
}

test('an empty password: two zero bytes, or none', () => {
  assert.deepEqual(bmpPasswords('').map(toHex), ['0000', ''])
  assert.deepEqual(bmpPasswords('é€').map(toHex), ['00e920ac0000'])
})
