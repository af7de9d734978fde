import assert from 'node:assert/strict'
import { constants, createHash, generateKeyPairSync, privateDecrypt, publicEncrypt, sign } from 'node:crypto'
import { test } from 'node:test'
import { digestInfo, pkcs1Signature, removeOaep, removePkcs1 } from './padding.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
const raw = { key: privateKey, padding: constants.RSA_NO_PADDING }
const message = Buffer.from('of this and that')

for (const hash of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']) {
  test(`PKCS #1 v1.5 signature with ${hash}: what OpenSSL signs`, () => {
    const block = pkcs1Signature(digestInfo(createHash(hash).update(message).digest()), 128)
    // The private operation on the block is the signature.
    assert.deepEqual(privateDecrypt(raw, block), sign(hash, message, privateKey))
  })
}

test('a hash of no length known, and a modulus too short for it', () => {
  assert.throws(() => digestInfo(new Uint8Array(16)), /wanted a hash of 20, 28, 32, 48, 64 bytes, got 16/)
  assert.throws(() => pkcs1Signature(digestInfo(new Uint8Array(64)), 64), /too short/)
})

test('PKCS #1 v1.5: what OpenSSL encrypts', () => {
  for (const plain of [message, Buffer.alloc(0), Buffer.alloc(117, 7)]) {
    const cryptogram = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, plain)
    assert.deepEqual(Buffer.from(removePkcs1(privateDecrypt(raw, cryptogram))!), plain)
  }
})

const wrong: [string, (block: Uint8Array) => void][] = [
  ['first byte', block => block.fill(1, 0, 1)],
  ['second byte', block => block.fill(1, 1, 2)],
  ['filling too short', block => block.fill(0, 9, 10)],
  ['no separator', block => block.fill(1, 2)],
]
for (const [name, change] of wrong) {
  test(`PKCS #1 v1.5: ${name}`, () => {
    const block = new Uint8Array(128).fill(0xaa)
    block.set([0x00, 0x02])
    block[100] = 0
    assert.equal(removePkcs1(block)?.length, 27)
    change(block)
    assert.equal(removePkcs1(block), undefined)
  })
}

for (const oaepHash of ['sha1', 'sha256', 'sha384'] as const) {
  test(`OAEP with ${oaepHash}: what OpenSSL encrypts, with a label and without`, () => {
    for (const label of [undefined, Buffer.from('label')]) {
      for (const plain of [message, Buffer.alloc(0)]) {
        const padding = constants.RSA_PKCS1_OAEP_PADDING
        const key = { key: publicKey, padding, oaepHash, ...(label && { oaepLabel: label }) }
        const block = privateDecrypt(raw, publicEncrypt(key, plain))
        assert.deepEqual(Buffer.from(removeOaep(block, oaepHash, label)!), plain)
        assert.equal(removeOaep(block, oaepHash, Buffer.from('other')), undefined)
      }
    }
  })
}

test('OAEP: blocks that are none', () => {
  assert.equal(removeOaep(new Uint8Array(128), 'sha256'), undefined)
  assert.equal(removeOaep(new Uint8Array(65), 'sha256'), undefined)
  assert.equal(removeOaep(new Uint8Array(0), 'sha256'), undefined)
})
