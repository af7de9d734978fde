/** What all operations of the REST API have in common, over HTTP: docs/api.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient, fetchTransport } from '@keytether/api'
import { apiToken, Bench } from '@keytether/test/service-bench'

interface Answer {
  readonly [member: string]: string
}

async function post(bench: Bench, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${bench.service.url}/v1${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiToken}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, answer: (await response.json()) as Answer }
}

test('sent twice, done once', async () => {
  await using bench = await Bench.start()
  const named = (name: string) => ({ 'Idempotency-Key': name })
  const first = await post(bench, '/principals', { name: 'web' }, named('a'))
  const second = await post(bench, '/principals', { name: 'web' }, named('a'))
  assert.deepEqual([first.status, second.status, second.answer], [201, 201, first.answer])
  const replayed = [first, second].map(({ headers }) => headers.get('idempotency-replayed'))
  assert.deepEqual(replayed, [null, 'true'])
  assert.equal(second.headers.get('etag'), first.headers.get('etag'))
  const other = await post(bench, '/principals', { name: 'mail' }, named('a'))
  assert.deepEqual([other.status, other.answer.code], [422, 'KEY_REUSED'])
  const again = await post(bench, '/principals', { name: 'web' }, named('b'))
  assert.deepEqual([again.status, again.answer.code], [409, 'EXISTS'])
  for (const wrong of ['x'.repeat(129), 'with space']) {
    assert.equal((await post(bench, '/principals', { name: 'mail' }, named(wrong))).answer.code, 'BAD_REQUEST')
  }
  const refused = await post(bench, '/unseal', { key: '00'.repeat(32) }, named('c'))
  assert.match(refused.answer.detail!, /unseal takes no Idempotency-Key/)
})

test('many times at once, done once', async () => {
  await using bench = await Bench.start()
  const body = { name: 'web' }
  const all = await Promise.all(
    Array.from({ length: 20 }, () => post(bench, '/principals', body, { 'Idempotency-Key': 'once' })),
  )
  assert.deepEqual(new Set(all.map(({ status, answer }) => `${status} ${answer.id}`)).size, 1)
  assert.equal(all[0]!.status, 201)
})

test('secrets are answered again, and are not in the database', async () => {
  await using bench = await Bench.start()
  const made = () => post(bench, '/enrolments', { name: 'office' }, { 'Idempotency-Key': 'secret' })
  const [first, second] = [await made(), await made()]
  assert.equal(first.status, 201, JSON.stringify(first.answer))
  assert.equal(second.answer.secret, first.answer.secret)
  const kept = await bench.service.hsm.store.db.selectFrom('idempotency').selectAll().execute()
  assert.equal(kept.length, 1)
  assert.ok(!JSON.stringify(kept).includes(first.answer.secret!))
})

test('nobody overwrites what he has not seen', async () => {
  await using bench = await Bench.start()
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken), strict: true })
  const { revision } = await client.createPrincipal({ body: { name: 'web' } })
  const change = (tags: string[], ifMatch?: number) =>
    client.changePrincipal({ params: { principal: 'web' }, body: { tags }, ...(ifMatch !== undefined && { ifMatch }) })
  const changed = await change(['a'], revision)
  await assert.rejects(change(['b'], revision), { code: 'STALE', status: 412 })
  await change(['c'], changed.revision)
  await change(['d'])
  const headers = { Authorization: `Bearer ${apiToken}`, 'If-Match': 'W/"1"', 'Content-Type': 'application/json' }
  const weak = await fetch(`${bench.service.url}/v1/principals/web`, { method: 'PATCH', headers, body: '{}' })
  assert.equal(weak.status, 400)
})
