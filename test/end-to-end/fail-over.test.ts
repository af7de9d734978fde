/** What an application notices of cards that come and go: as little as can be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChannelError } from '@keytether/card'
import { assertSignature, Bench, hash, hsmIds, smallToken } from '@keytether/test/service-bench'
import { ApiError } from '../../packages/server/src/schemas.ts'
import type { Hsm, Key } from '../../packages/server/src/se-api/schemas.ts'

test('200 signatures at once, by two tokens', async () => {
  await using bench = await Bench.start()
  const tokens = [smallToken(0), smallToken(1)]
  for (const one of tokens) await bench.dialIn(one)
  const before = tokens.map(one => one.transmissions.length)
  const [key] = await bench.get<Key[]>('/keys')
  const all = await Promise.all(Array.from({ length: 200 }, () => bench.sign('/keys/0A', 'RSA_PKCS1')))
  for (const signature of all) assertSignature(key!, signature, 'RSA_PKCS1')
  const work = tokens.map((one, index) => one.transmissions.length - before[index]!)
  assert.equal(work[0]! + work[1]!, 200)
  assert.ok(Math.min(...work) > 50, `${work}`)
})

test('a token that is pulled in the middle of its work: the other one does it, and nobody notices', async () => {
  await using bench = await Bench.start()
  const pulled = smallToken(0)
  await bench.dialIn(pulled)
  await bench.dialIn(smallToken(1))
  const [key] = await bench.get<Key[]>('/keys')
  const { promise, resolve } = Promise.withResolvers<void>()
  pulled.hold = promise
  const all = Promise.all(Array.from({ length: 20 }, () => bench.sign('/keys/0A', 'RSA_PKCS1')))
  pulled.failure = new ChannelError('REMOVED', 'pulled')
  setTimeout(resolve, 50)
  for (const signature of await all) assertSignature(key!, signature, 'RSA_PKCS1')
  assert.deepEqual((await bench.get<Key[]>('/keys'))[0]!.hsms, [hsmIds[1]])
})

test('the only token pulled: try again later, and later it works', async () => {
  await using bench = await Bench.start()
  const pulled = smallToken(0)
  const { ended } = await bench.dialIn(pulled)
  pulled.failure = new ChannelError('REMOVED', 'pulled')
  const { status, headers, answer } = await bench.ask('POST', '/keys/0A/signhash', { hash, algo: 'RSA_PKCS1' })
  assert.deepEqual([status, ApiError.parse(answer).code, headers.get('retry-after')], [503, 'NO_DEVICE', '1'])
  assert.ok((await ended) instanceof Error)
  assert.equal((await bench.ask('GET', '/keys/0A')).status, 404)
  await bench.dialIn(smallToken(0))
  await bench.sign('/keys/0A', 'RSA_PKCS1')
})

test('a token that dials in again takes the place of its former session', async () => {
  await using bench = await Bench.start()
  const former = await bench.dialIn(smallToken(0))
  await bench.dialIn(smallToken(0))
  assert.ok((await former.ended) instanceof Error)
  assert.equal((await bench.get<Hsm[]>('/hsms')).length, 1)
  await bench.sign('/keys/0A', 'RSA_PKCS1')
})

test('a service that ends finishes what is under way', async () => {
  await using bench = await Bench.start()
  const slow = smallToken(0)
  const { ended } = await bench.dialIn(slow)
  const { promise, resolve } = Promise.withResolvers<void>()
  slow.hold = promise
  const signature = bench.sign('/keys/0A', 'RSA_PKCS1')
  const [device] = bench.service.devices.hsms()
  for (let i = 0; i < 500 && device!.load === 0; i++) await new Promise(done => setTimeout(done, 10))
  const closed = bench.service.close()
  const { status, answer } = await bench.ask('GET', '/keys')
  assert.deepEqual([status, ApiError.parse(answer).code], [503, 'SHUTTING_DOWN'])
  resolve()
  assert.equal((await signature).length, 128)
  await closed
  assert.ok((await ended) instanceof Error)
})
