import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { decipherRc2 } from './rc2.ts'

/** RFC 2268, 5: those with as many effective bits as the key has. */
const vectors = [
  ['ffffffffffffffff', 'ffffffffffffffff', '278b27e42e2f0d49'],
  ['3000000000000000', '1000000000000001', '30649edf9be7d2c2'],
  ['88bca90e90875a7f0f79c384627bafb2', '0000000000000000', '2269552ab0f85ca6'],
] as const

test('RC2', () => {
  const zero = new Uint8Array(8)
  for (const [key, plain, encrypted] of vectors) {
    assert.equal(toHex(decipherRc2(fromHex(key), zero, fromHex(encrypted))), plain)
  }
  assert.throws(() => decipherRc2(new Uint8Array(0), zero, zero), RangeError)
  assert.throws(() => decipherRc2(zero, zero, new Uint8Array(9)), RangeError)
})
