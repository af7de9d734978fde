import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromCursor, toCursor } from './cursor.ts'

interface Page {
  readonly items: readonly number[]
  readonly next?: string
}

interface Query {
  readonly limit: number
  readonly cursor?: string
}

test('there and back', () => {
  for (const end of ['a', 'Schlüssel-7', 'x'.repeat(128)]) {
    const { next } = toCursor({ next: end })
    assert.notEqual(next, end)
    const query = { limit: 5, cursor: next }
    assert.deepEqual(fromCursor(query), { limit: 5, cursor: end })
  }
  const last: Page = { items: [1] }
  const first: Query = { limit: 5 }
  assert.deepEqual([toCursor(last), fromCursor(first)], [last, first])
})

test('what is none', () => {
  for (const cursor of ['!', 'a', 'YQ==', 'Y Q', '_w'])
    assert.throws(() => fromCursor({ cursor }), { code: 'BAD_REQUEST' })
})
