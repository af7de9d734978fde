import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tries } from './tries.ts'

const tooMany = { code: 'TOO_MANY_REQUESTS' }
const [right, wrong] = [async () => 'ann', async () => undefined]

test('after a try that failed, none of this name and address for a second, right or wrong', async () => {
  let now = 5_000
  const tries = new Tries(() => now)
  assert.equal(await tries.once('ann', '192.0.2.7', right), 'ann')
  assert.equal(await tries.once('ann', '192.0.2.7', wrong), undefined)
  await assert.rejects(tries.once('ann', '192.0.2.7', right), { ...tooMany, retryAfterMs: 1_000 })
  // Neither another name nor another address has to do with it.
  assert.equal(await tries.once('ben', '192.0.2.7', right), 'ann')
  assert.equal(await tries.once('ann', '192.0.2.8', right), 'ann')
  now += 999
  await assert.rejects(tries.once('ann', '192.0.2.7', right), { ...tooMany, retryAfterMs: 1 })
  now += 1
  assert.equal(await tries.once('ann', '192.0.2.7', right), 'ann')
})

test('what would be many tries at once is one', async () => {
  const tries = new Tries(() => 0)
  const first = tries.once(
    'ann',
    '192.0.2.7',
    () => new Promise<undefined>(resolve => setImmediate(() => resolve(undefined))),
  )
  await assert.rejects(tries.once('ann', '192.0.2.7', right), tooMany)
  assert.equal(await first, undefined)
})

test('a check that throws is no failed try', async () => {
  const tries = new Tries(() => 0)
  await assert.rejects(
    tries.once('ann', '', () => Promise.reject(new Error('the database is away'))),
    /away/,
  )
  assert.equal(await tries.once('ann', '', right), 'ann')
})

test('what cannot be guessed is refused once a second', () => {
  let now = 5_000
  const tries = new Tries(() => now)
  tries.failed('', '192.0.2.7')
  assert.throws(() => tries.failed('', '192.0.2.7'), tooMany)
  tries.failed('', '192.0.2.8')
  now += 1_000
  tries.failed('', '192.0.2.7')
})

test('who has a network of 2^64 addresses has one try, too', async () => {
  const tries = new Tries(() => 0)
  assert.equal(await tries.once('ann', '2001:db8::1', wrong), undefined)
  await assert.rejects(tries.once('ann', '2001:db8::2', right), tooMany)
  assert.equal(await tries.once('ann', '2001:db8:0:1::2', right), 'ann')
})

test('whoever tries many names at once leaves others their turn', async () => {
  const tries = new Tries(() => 0)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const four = ['a', 'b', 'c', 'd'].map(name => tries.once(name, '192.0.2.7', () => promise))
  await assert.rejects(tries.once('e', '192.0.2.7', right), tooMany)
  assert.equal(await tries.once('e', '192.0.2.8', right), 'ann')
  resolve(undefined)
  await Promise.all(four)
  assert.equal(await tries.once('e', '192.0.2.7', right), 'ann')
})
