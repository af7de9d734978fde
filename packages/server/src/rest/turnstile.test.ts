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
    // Who has one address of IPv6 has all of its network.
    for (const [n] of entered.entries()) turnstile.enter(nobody(`2001:db8::${n.toString(16)}`), rate)
    assert.throws(() => turnstile.enter(nobody('2001:db8::ffff'), rate), { code: 'TOO_MANY_REQUESTS' })
  }
})

test('a tenant has as many under way and sends as many a second as it may, whoever of it asks', () => {
  const rates = { use: { perSecond: 4, atOnce: 3 }, read: { perSecond: 1 } }
  let now = 0
  const turnstile = new Turnstile({ limitsOf: tenant => (tenant === 'tnt_a' ? { rates } : {}), now: () => now })
  const of = (principal: string, tenant: string): Caller => ({ ...somebody(principal), tenant })
  const wait = (seconds: string) => ({ code: 'TOO_MANY_REQUESTS', headers: { 'Retry-After': seconds } })
  const entered = ['ann', 'bob', 'carl'].map(name => turnstile.enter(of(name, 'tnt_a'), 'use'))
  assert.throws(() => turnstile.enter(of('dora', 'tnt_a'), 'use'), wait('1'))
  // Of what they do, nothing is another tenant's or another class's affair.
  for (let i = 0; i < 9; i++) turnstile.enter(of('eve', 'tnt_b'), 'use')
  turnstile.enter(of('ann', 'tnt_a'), 'write')
  for (const one of entered) one[Symbol.dispose]()
  turnstile.enter(of('dora', 'tnt_a'), 'use')[Symbol.dispose]()
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'use'), wait('1'))
  now = 249
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'use'), wait('1'))
  now = 250
  turnstile.enter(of('ann', 'tnt_a'), 'use')[Symbol.dispose]()
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'use'), wait('1'))
  // Who was silent for long may not send more at once for it.
  now = 1_000_000
  for (let i = 0; i < 4; i++) turnstile.enter(of('ann', 'tnt_a'), 'use')[Symbol.dispose]()
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'use'), { message: /may send 4 requests of the class use/ })
  now += 1_000
  turnstile.enter(of('ann', 'tnt_a'), 'use', 10)[Symbol.dispose]()
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'use'), wait('2'))
  now += 1_750
  turnstile.enter(of('ann', 'tnt_a'), 'use')[Symbol.dispose]()
  // Streams of events count when they begin.
  turnstile.enter(of('ann', 'tnt_a'), 'follow')
  assert.throws(() => turnstile.enter(of('ann', 'tnt_a'), 'read'), wait('1'))
})
