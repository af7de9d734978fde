import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@keytether/codec'
import fc from 'fast-check'
import { fromNumber, greatestDivisor, inverse, modulo, squareRoot, toNumber } from './numbers.ts'

const natural = fc.bigInt({ min: 0n, max: 2n ** 600n })

test('bytes and numbers', () => {
  fc.assert(fc.property(natural, value => assert.equal(toNumber(fromNumber(value)), value)))
  assert.equal(toNumber(new Uint8Array()), 0n)
  assert.equal(toHex(fromNumber(0n)), '00')
  assert.equal(toHex(fromNumber(0x123n)), '0123')
  assert.equal(toHex(fromNumber(0x123n, 4)), '00000123')
})

test('modulo is never negative', () => assert.equal(modulo(-1n, 7n), 6n))

test('inverse', () => {
  fc.assert(
    fc.property(natural, natural, (a, b) => {
      const modulus = b + 2n
      if (greatestDivisor(a, modulus) !== 1n) return
      assert.equal((a * inverse(a, modulus)) % modulus, 1n)
    }),
  )
})

test('the greatest common divisor', () => {
  assert.equal(greatestDivisor(12n, 18n), 6n)
  assert.equal(greatestDivisor(5n, 0n), 5n)
})

test('square root, rounded down', () => {
  fc.assert(
    fc.property(natural, value => {
      const root = squareRoot(value)
      assert.ok(root * root <= value && (root + 1n) * (root + 1n) > value)
    }),
  )
})
