import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Caller, nobody } from '@keytether/hsm'
import { Turnstile } from './turnstile.ts'

const somebody = (principal: string): Caller => ({ ...nobody('127.0.0.1'), principal })

test('as many as docs/api.md says, of each class and for each principal', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/api.md'), 'utf8')
  const said = /(\d+) that read, (\d+) that write, ([\d,]+) that use keys, (\d+) that move .* and (\d+) event streams/s
  const numbers = said
    .exec(page)!
    .slice(1)
    .map(number => Number(number.replace(',', '')))
  const turnstile = new Turnstile()
  for (const [i, rate] of (['read', 'write', 'use', 'slow', 'follow'] as const).entries()) {
    const entered = Array.from({ length: numbers[i]! }, () => turnstile.enter(somebody('a'), rate))
    assert.throws(() => turnstile.enter(somebody('a'), rate), {
      code: 'TOO_MANY_REQUESTS',
      headers: { 'Retry-After': '1' },
    })
    turnstile.enter(somebody('b'), rate)[Symbol.dispose]()
    entered[0]![Symbol.dispose]()
    turnstile.enter(somebody('a'), rate)
    for (const _ of entered) turnstile.enter(nobody('192.0.2.7'), rate)
    assert.throws(() => turnstile.enter(nobody('192.0.2.7'), rate), { code: 'TOO_MANY_REQUESTS' })
    turnstile.enter(nobody('192.0.2.8'), rate)
  }
})
