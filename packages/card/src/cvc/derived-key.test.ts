import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { fromNumber, toNumber } from '../numbers.ts'
import { curves } from './curves.ts'
import { derivedPublicKey } from './derived-key.ts'

for (const curve of curves) {
  test(`${curve.name}: the public key of the sum`, () => {
    const { nodeName, domain } = curve
    const n = toNumber(domain.n)
    const publicKey = (d: bigint) => {
      const ecdh = createECDH(nodeName)
      ecdh.setPrivateKey(fromNumber(d, domain.n.length))
      return new Uint8Array(ecdh.getPublicKey())
    }
    const d = (toNumber(randomBytes(domain.n.length)) % (n - 1n)) + 1n
    const parameters = [0n, 1n, d, n - 1n, n, n + 1n, toNumber(randomBytes(100))]
    for (const parameter of parameters) {
      assert.deepEqual(derivedPublicKey(curve, publicKey(d), fromNumber(parameter)), publicKey((d + parameter) % n))
    }
    assert.equal(derivedPublicKey(curve, publicKey(d), fromNumber(n - d)), undefined)
    assert.deepEqual(derivedPublicKey(curve, publicKey(d), fromHex('000001')), publicKey(d + 1n))
  })
}
