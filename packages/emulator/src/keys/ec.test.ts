/** ECDH and ECDSA on every curve, against what OpenSSL computes by other ways. */
import assert from 'node:assert/strict'
import { createECDH, createHash, randomBytes, verify } from 'node:crypto'
import { test } from 'node:test'
import { curveByName, curves, publicKeyObject } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { agree, signEcdsaHash } from './ec.ts'
import { generateEcKey, publicKeyOfPrivate } from './private-key.ts'

for (const { name, nodeName, domain } of curves) {
  test(`${name}: the shared point, with both coordinates`, () => {
    for (let round = 0; round < 8; round++) {
      const key = generateEcKey(name)
      const { q } = publicKeyOfPrivate(key)
      const peer = createECDH(nodeName)
      const shared = agree(key, new Uint8Array(peer.generateKeys()))
      assert.ok(shared instanceof Uint8Array)
      assert.deepEqual(Buffer.from(shared.subarray(1, (shared.length + 1) / 2)), peer.computeSecret(q))
      publicKeyObject({ kind: 'ec', oid: Uint8Array.of(), domain, q: shared })
      // With the base point, it is the public key.
      assert.deepEqual(agree(key, domain.g), q)
    }
  })

  test(`${name}: signatures of hashes`, () => {
    const key = generateEcKey(name)
    const publicKey = publicKeyObject(publicKeyOfPrivate(key))
    for (let round = 0; round < 20; round++) {
      const message = randomBytes(20)
      const signature = signEcdsaHash(key, createHash('sha512').update(message).digest())
      assert.ok(signature instanceof Uint8Array)
      assert.ok(verify('sha512', message, publicKey, signature))
    }
  })
}

test('the second coordinate has the right sign: d·(k·G) is (d·k)·G', () => {
  const { nodeName, domain } = curveByName('brainpoolP256r1')
  const n = BigInt(`0x${toHex(domain.n)}`)
  const times = (scalar: bigint) => {
    const ecdh = createECDH(nodeName)
    ecdh.setPrivateKey(scalar.toString(16).padStart(64, '0'), 'hex')
    return new Uint8Array(ecdh.getPublicKey())
  }
  for (let round = 0; round < 50; round++) {
    const key = generateEcKey('brainpoolP256r1')
    const d = BigInt(`0x${toHex(key.pkcs8).match(/0201010420(.{64})/)![1]}`)
    const k = (BigInt(`0x${randomBytes(32).toString('hex')}`) % (n - 1n)) + 1n
    assert.deepEqual(agree(key, times(k)), times((d * k) % n))
  }
})
