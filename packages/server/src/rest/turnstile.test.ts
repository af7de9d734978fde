import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Turnstile } from './turnstile.ts'

test('as many as docs/api.md says, of each class and for each principal', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/api.md'), 'utf8')
  const said = /(\d+) that read, (\d+) that write, ([\d,]+) that use keys, (\d+) that move .* and (\d+) event streams/s
  const numbers = said
    .exec(page)!
    .slice(1)
    .map(number => Number(number.replace(',', '')))
  const turnstile = new Turnstile()
  for (const [i, rate] of (['read', 'write', 'use', 'slow', 'follow'] as const).entries()) {
    const entered = Array.from({ length: numbers[i]! }, () => turnstile.enter('a', rate))
    assert.throws(() => turnstile.enter('a', rate), { code: 'TOO_MANY_REQUESTS', headers: { 'Retry-After': '1' } })
    turnstile.enter('b', rate)[Symbol.dispose]()
    entered[0]![Symbol.dispose]()
    turnstile.enter('a', rate)
  }
})
