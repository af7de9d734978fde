import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { DecodeError, fromHex } from '@keytether/codec'
import { curves } from './curves.ts'
import { publicKeyOf, subjectPublicKeyInfo } from './key-object.ts'

const spki = { type: 'spki', format: 'der' } as const

for (const { nodeName } of curves) {
  test(`${nodeName}: the form that OpenSSL writes, read and written`, () => {
    const info = generateKeyPairSync('ec', { namedCurve: nodeName }).publicKey.export(spki)
    assert.deepEqual(Buffer.from(subjectPublicKeyInfo(publicKeyOf(info))), info)
  })
}

test('RSA: the form that OpenSSL writes, read and written', () => {
  const info = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki)
  assert.deepEqual(Buffer.from(subjectPublicKeyInfo(publicKeyOf(info))), info)
})

for (const [name, bytes] of [
  ['another algorithm', generateKeyPairSync('ed25519').publicKey.export(spki)],
  [
    'explicit parameters',
    generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' }).publicKey.export(spki),
  ],
  ['another curve', generateKeyPairSync('ec', { namedCurve: 'sect283k1' }).publicKey.export(spki)],
  ['no DER', fromHex('30 03 02 01')],
] as const) {
  test(`refused: ${name}`, () => assert.throws(() => publicKeyOf(bytes), DecodeError))
}
