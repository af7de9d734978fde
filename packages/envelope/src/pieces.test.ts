import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat } from '@keytether/codec'
import fc from 'fast-check'
import { pieces } from './pieces.ts'

test('pieces have the size that is asked for, however the bytes come, and only the last is shorter', async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(parts, fc.integer({ min: 1, max: 16 }), async (parts, size) => {
      const got = []
      for await (const one of pieces(parts, size)) got.push(one)
      assert.deepEqual(concat(...got.map(({ piece }) => piece)), concat(...parts))
      assert.deepEqual(
        got.map(({ last }) => last),
        [...new Array(got.length - 1).fill(false), true],
      )
      for (const { piece } of got.slice(0, -1)) assert.equal(piece.length, size)
      const end = got.at(-1)!.piece.length
      assert.ok(end <= size && (end > 0 || got.length === 1))
    }),
  )
})
