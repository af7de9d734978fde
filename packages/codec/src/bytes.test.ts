import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, equal, fromHex, toHex } from './bytes.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

test('hexadecimal, there and back', () => {
  fc.assert(fc.property(bytes, value => assert.deepEqual(fromHex(toHex(value)), value)))
  assert.deepEqual(fromHex(' 0A\n0b '), Uint8Array.of(0x0a, 0x0b))
})

test('what is not hexadecimal is refused', () => {
  for (const text of ['0', '0g', '0x00', '00 0', '-1', '٠٠']) assert.throws(() => fromHex(text), RangeError)
})

test('concat', () => {
  assert.deepEqual(concat(), new Uint8Array())
  fc.assert(
    fc.property(fc.array(bytes), parts => {
      assert.equal(toHex(concat(...parts)), parts.map(toHex).join(''))
    }),
  )
})

test('equal', () => {
  fc.assert(fc.property(bytes, bytes, (a, b) => assert.equal(equal(a, b), toHex(a) === toHex(b))))
  fc.assert(fc.property(bytes, a => assert.ok(equal(a, a.slice()))))
})
