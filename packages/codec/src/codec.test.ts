import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytes, DecodeError, decode, encode, fromHex, Reader, u8, Writer } from './index.ts'

test('a writer grows as it is written to', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), parts => {
      const out = new Writer()
      for (const part of parts) {
        out.bytes(part)
        out.byte(0x5a)
      }
      assert.deepEqual(
        [...out.take()],
        parts.flatMap(part => [...part, 0x5a]),
      )
    }),
  )
})

test('what is taken from a writer is its own', () => {
  const out = new Writer()
  out.byte(1)
  const taken = out.take()
  out.byte(2)
  taken[0] = 9
  assert.deepEqual(out.take(), Uint8Array.of(1, 2))
})

test('what is read is a copy, of a Buffer too', () => {
  for (const source of [Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3])]) {
    const value = decode(bytes(), source)
    source[0] = 9
    assert.deepEqual(value, Uint8Array.of(1, 2, 3))
    assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype)
  }
})

test('a window ends where it ends, whatever follows', () => {
  const input = new Reader(fromHex('0102030405'))
  const window = input.window(2)
  assert.deepEqual([window.byte(), window.byte(), window.left], [1, 2, 0])
  assert.throws(() => window.byte(), /wanted 1 bytes, 0 left \(at byte 2\)/)
  assert.equal(input.byte(), 3)
  assert.throws(() => input.window(3), /wanted 3 bytes, 2 left \(at byte 3\)/)
})

test('a fork looks ahead and leaves the reader where it is', () => {
  const input = new Reader(fromHex('0102'))
  assert.equal(input.fork().byte(), 1)
  assert.equal(input.byte(), 1)
})

test('leftovers are an error, with code and place', () => {
  assert.throws(
    () => decode(u8, fromHex('0102')),
    error => error instanceof DecodeError && error.code === 'LEFTOVER' && error.offset === 1,
  )
  assert.deepEqual(encode(u8, 7), Uint8Array.of(7))
})
