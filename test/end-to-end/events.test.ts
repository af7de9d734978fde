/** What happens at a service, as clients of its event stream hear it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { createClient, type Event, fetchTransport, followEvents } from '@keytether/api'
import { keytether, startKeytether } from '@keytether/test/keytether'
import { apiToken, Bench } from '@keytether/test/service-bench'

const login = { credential: 'test', address: '127.0.0.1' }
const folder = mkdtempSync(join(tmpdir(), 'keytether-events-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Something happens: in the tenant of the test's token, and in another one. */
async function happen(bench: Bench, from: number, to: number): Promise<void> {
  const { history, tenants } = bench.service.hsm
  for (let n = from; n < to; n++) {
    await history.record({ tenant: 'tnt_other', type: 'thing.happened', subject: 'other', data: { n } })
    await history.record({ tenant: tenants.main, type: 'thing.happened', subject: `thing_${n}`, data: { n } })
  }
}

const numbers = (events: readonly Event[]) => events.map(({ data }) => data.n)

test('over lost connections and a restart, each event is heard once', async () => {
  const database = `sqlite:${join(folder, 'restart.db')}`
  let bench = await Bench.start({ database })
  const { port } = new URL(bench.service.url)
  const send = fetchTransport(bench.service.url, apiToken)
  const controller = new AbortController()
  const heard: Event[] = []
  const listening = (async () => {
    for await (const event of followEvents({ send, query: { type: 'thing' }, after: '0', signal: controller.signal })) {
      heard.push(event)
    }
  })()
  await happen(bench, 0, 120)
  for (let round = 0; heard.length < 120 && round < 200; round++) await new Promise(resolve => setTimeout(resolve, 25))
  await bench.service.close()
  bench = await Bench.start({ database, port: Number(port) })
  await happen(bench, 120, 140)
  for (let round = 0; heard.length < 140 && round < 200; round++) await new Promise(resolve => setTimeout(resolve, 25))
  controller.abort()
  await listening
  assert.deepEqual(
    numbers(heard),
    Array.from({ length: 140 }, (_, n) => n),
  )
  await bench[Symbol.asyncDispose]()
})

test('pages of what was', async () => {
  await using bench = await Bench.start()
  await happen(bench, 0, 5)
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken), strict: true })
  const first = await client.listEvents({ query: { type: 'thing.happened', limit: 3 } })
  const second = await client.listEvents({ query: { type: ['thing'], limit: 3, cursor: first.next } })
  assert.deepEqual([numbers(first.items), numbers(second.items), second.next], [[4, 3, 2], [1, 0], undefined])
  const none = await client.listEvents({
    query: { type: 'thing', until: first.items[0]!.at, since: '2100-01-01T00:00:00.000Z' },
  })
  assert.deepEqual(none.items, [])
  await assert.rejects(client.listEvents({ query: { cursor: 'bm8' } }), { code: 'INVALID' })
  await assert.rejects(client.listEvents({ query: { type: '%' } }), { code: 'BAD_REQUEST' })
})

test('a place to begin at that there is not', async () => {
  await using bench = await Bench.start()
  for (const after of ['1000000', 'x', '-1']) {
    const headers = { Authorization: `Bearer ${apiToken}`, Accept: 'text/event-stream', 'Last-Event-ID': after }
    const response = await fetch(`${bench.service.url}/v1/events`, { headers })
    assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [400, 'BAD_REQUEST'])
  }
})

test('who listens and reads nothing costs no memory, and not for ever', async () => {
  await using bench = await Bench.start()
  const sockets = Array.from({ length: 17 }, () => {
    const socket = connect(Number(new URL(bench.service.url).port), '127.0.0.1').pause()
    socket.write(
      `GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiToken}\r\nAccept: text/event-stream\r\n\r\n`,
    )
    return socket
  })
  const statuses = await Promise.all(
    sockets.map(async socket => {
      const [chunk] = await once(socket.resume(), 'data')
      socket.pause()
      return String(chunk).split(' ', 2)[1]
    }),
  )
  assert.deepEqual(statuses.sort(), [...Array(16).fill('200'), '429'])
  await happen(bench, 0, 10)
  for (const socket of sockets) socket.destroy()
})

test('who may not any more hears no more', async () => {
  await using bench = await Bench.start()
  const { principals, credentials, tenants } = bench.service.hsm
  const admin = { principal: 'prn_test', name: 'test', tenant: tenants.main, roles: [], tags: [], login }
  await principals.create(admin, 'ann', { roles: ['auditor'], tags: [] })
  const { token } = await credentials.create(admin, 'ann', 'first')
  const headers = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' }
  const response = await fetch(`${bench.service.url}/v1/events`, { headers })
  assert.equal(response.status, 200)
  const heard = response.text()
  await happen(bench, 0, 1)
  await new Promise(resolve => setTimeout(resolve, 200))
  await principals.change(admin, 'ann', { disabled: true })
  await happen(bench, 1, 2)
  assert.match(await heard, /thing_0/)
  assert.doesNotMatch(await heard, /thing_1/)
  assert.equal((await fetch(`${bench.service.url}/v1/events`, { headers })).status, 401)
})

test('keytether events, and as they happen', async () => {
  await using bench = await Bench.start()
  await happen(bench, 0, 3)
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  const { code, stdout, stderr } = await keytether(['events', '--type', 'thing', '--limit', '2'], { env })
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^20\S+Z {2}thing\.happened {2,}thing_1 {2,}n=1\n20\S+Z {2}thing\.happened {2,}thing_2 {2,}n=2\n$/,
  )
  const child = startKeytether(['events', '--follow', '--since', '1h', '--type', 'thing', '--json'], { env })
  const heard: Event[] = []
  const lines = createInterface(child.stdout!)
  for await (const line of lines) {
    heard.push(JSON.parse(line))
    if (heard.length === 3) await happen(bench, 3, 5)
    if (heard.length === 5) break
  }
  assert.deepEqual(numbers(heard), [0, 1, 2, 3, 4])
  child.kill('SIGINT')
  assert.equal((await once(child, 'close'))[0], 0)
})
