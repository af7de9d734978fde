import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ChannelError, type ChannelErrorCode } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { startRamServer } from '@keytether/test/ram-server'
import { rawCardSide } from '@keytether/test/raw-card-side'
import { WebSocket } from 'ws'
import type { CardSession } from './card-session.ts'
import type { RamEndpointOptions } from './endpoint.ts'

const query = fromHex('00200081')
const asked = (number: number) => `${number.toString(16).padStart(8, '0')}aa06220400200081`
const answer = (number: number, response = '9000') =>
  `${number.toString(16).padStart(8, '0')} ab07 2302${response} 800101`

async function served(t: TestContext, options: Partial<RamEndpointOptions> = {}) {
  const sessions: CardSession[] = []
  const server = await startRamServer({ ...options, onSession: session => sessions.push(session) })
  t.after(() => server[Symbol.asyncDispose]())
  return {
    ...server,
    async begin({ autoPong = true, url = server.url } = {}) {
      const client = await rawCardSide(url, undefined, autoPong)
      for (let i = 0; i < 500 && sessions.length === 0; i++) await sleep(2)
      return { client, session: sessions.shift()! }
    },
  }
}

async function fails(work: Promise<unknown>, code: ChannelErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(work, error => {
    assert(error instanceof ChannelError, String(error))
    assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message)
    return true
  })
}

test('commands go out while others wait for their answers; each call gets its own', async t => {
  const { begin, endpoint } = await served(t)
  const { client, session } = await begin()
  assert.deepEqual([session.duplex, session.info.transport, toHex(session.atr)], [true, 'websocket', '3b00'])
  const works = [session.transmit([query]), session.transmit([query, query]), session.transmit([query])]
  assert.equal(await client.next(), asked(1))
  assert.equal(await client.next(), '00000002aa0c220400200081220400200081')
  assert.equal(await client.next(), asked(3))
  client.send(answer(1, '63c3'))
  assert.deepEqual((await works[0]!).map(toHex), ['63c3'])
  client.send('00000002 ab0b 230263c2 230263c1 800102')
  client.send(answer(3))
  assert.deepEqual((await works[1]!).map(toHex), ['63c2', '63c1'])
  assert.deepEqual((await works[2]!).map(toHex), ['9000'])
  await session.close()
  assert.deepEqual(await client.closed, [1000, ''])
  assert.equal((await session.closed).code, 'CLOSED')
  assert.equal(endpoint.sessionCount, 0)
  await fails(session.transmit([query]), 'CLOSED', /no longer needed/)
})

test('a secret in the URL is handed on', async t => {
  const { begin, url } = await served(t)
  for (const secretive of [`${url}?enrolment=s3cret`, url.replace('//', '//:s3cret@')]) {
    assert.equal((await begin({ url: secretive })).session.info.enrolment, 's3cret')
  }
})

test('what can never be carried is refused at once', async t => {
  const { begin } = await served(t)
  const { session } = await begin()
  await assert.rejects(session.transmit([fromHex('0020')]), RangeError)
  await assert.rejects(session.notify(-2, 'x'), RangeError)
})

test('a reset gives the new ATR', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  const reset = session.reset()
  assert.equal(await client.next(), '00000001aa02c000')
  client.send('00000001 ab07 c0023b01 800100')
  assert.equal(toHex(await reset), '3b01')
  assert.equal(toHex(session.atr), '3b01')
})

test('messages; the last word waits for what was asked before', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  const told = session.notify(1, 'a')
  const last = session.notify(-1, 'b')
  assert.equal(await client.next(), '00000001aa08e0060201010c0161')
  client.send('00000001 ab03 800100')
  await told
  assert.equal(await client.next(), '00000002aa08e0060201ff0c0162')
  await last
  assert.deepEqual(await client.closed, [1000, ''])
})

test('no more commands are under way than either end has to keep', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  let came = 0
  client.socket.on('message', () => came++)
  const works = Array.from({ length: 80 }, () => session.transmit([query]))
  const large = [session.transmit([new Uint8Array(60_000)]), session.transmit([new Uint8Array(60_000)])]
  await sleep(50)
  assert.equal(came, 64)
  for (let number = 1; number <= 80; number++) client.send(answer(number))
  await Promise.all(works)
  await sleep(50)
  assert.equal(came, 81)
  client.send(answer(81))
  client.send(answer(82))
  await Promise.all(large)
})

for (const [name, message, code, reason] of [
  ['of another number', answer(2), 'PROTOCOL', /answered command 2, but 1 is to be answered/],
  ['too few', '00000001 ab03 800100', 'PROTOCOL', /do not fit/],
  ['a template of the server', '00000001 aa00', 'PROTOCOL', /cannot be read/],
  ['no template', '00000001', 'PROTOCOL', /cannot be read/],
  ['no number', 'ab0723029000800101', 'PROTOCOL', /cannot be read/],
  ['nothing', '', 'PROTOCOL', /cannot be read/],
  ['no status word', '00000001 ab05 2300 800101', 'REMOVED', /no status word/],
  ['giving up', '00000001 ab0b e106 0c04 676f6e65 800100', 'REMOVED', /gave up: gone/],
] as const) {
  test(`not the answer: ${name}`, async t => {
    const { begin } = await served(t)
    const { client, session } = await begin()
    const works = [session.transmit([query]), session.transmit([query])]
    const outcomes = works.map(work => fails(work, code, reason))
    client.send(message)
    await Promise.all(outcomes)
    const [closedWith] = await client.closed
    assert.equal(closedWith, name === 'giving up' ? 1000 : code === 'REMOVED' ? 4504 : 4400)
  })
}

test('an answer to nothing, and text, end the session', async t => {
  const { begin } = await served(t)
  const one = await begin()
  one.client.send(answer(1))
  assert.match((await one.session.closed).message, /answered command 1, but nothing was asked/)
  const other = await begin()
  other.client.socket.send('text')
  assert.match((await other.session.closed).message, /cannot be read/)
})

test('a message that is too long is not taken in', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  client.socket.send(new Uint8Array(70_000))
  assert.match((await session.closed).message, /broke the rules: Max payload size exceeded/)
  assert.equal((await client.closed)[0], 1009)
})

test('reasons, both ways', async t => {
  const { begin } = await served(t)
  const one = await begin()
  one.client.socket.close(1000, 'Session canceled')
  assert.match((await one.session.closed).message, /gave up: Session canceled/)
  const other = await begin()
  await other.session.close('not a card of ours')
  assert.deepEqual(await other.client.closed, [4504, 'not a card of ours'])
  const third = await begin()
  third.client.socket.terminate()
  assert.deepEqual((await third.session.closed).message, 'the connection broke')
})

test('a card that does not answer in time ends the session', async t => {
  const { begin } = await served(t, { timing: { commandMs: 60, silenceMs: 50, furtherCommandMs: 0 } })
  const { client, session } = await begin()
  const works = [session.transmit([query]), session.transmit([query])]
  const outcome = fails(works[1]!, 'TIMEOUT', /the card did not answer within 0.06 s/)
  await sleep(40)
  client.send(answer(1))
  await works[0]
  // The second one's time runs from when the card was done with the first.
  assert.equal(await Promise.race([outcome, sleep(30, 'waits')]), 'waits')
  await outcome
  assert.equal((await client.closed)[0], 4504)
})

test('a card side that does not answer pings is given up', async t => {
  const { begin } = await served(t)
  const { session } = await begin({ autoPong: false })
  await fails(session.transmit([query]), 'REMOVED', /the connection is dead/)
})

test('one that does stays, and how long it takes is known', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  await once(client.socket, 'ping')
  for (let i = 0; i < 100 && session.roundTripMs === undefined; i++) await sleep(2)
  assert.notEqual(session.roundTripMs, undefined)
})

test('who does not introduce a card is shown the door', async t => {
  const { url, endpoint } = await served(t, { timing: { silenceMs: 50 } })
  for (const first of ['', '00', 'e800', `e8820401${'00'.repeat(1025)}`, asked(1)]) {
    const client = await rawCardSide(url, first)
    const [code] = await client.closed
    assert.equal(code, first === '' ? 1006 : 4400)
  }
  for (let i = 0; i < 500 && endpoint.sessionCount > 0; i++) await sleep(2)
  assert.equal(endpoint.sessionCount, 0)
})

test('who asks for another protocol, or for none of ours, is answered like any request', async t => {
  const { url, endpoint } = await served(t)
  for (const protocols of [[], ['keytether-ram.v2'], ['chat']]) {
    const socket = new WebSocket(url, protocols)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, 405)
    response.destroy()
  }
  for (const headers of [{ 'Sec-WebSocket-Version': '7' }, { 'Sec-WebSocket-Key': 'short' }]) {
    const status = await fetchUpgrade(url, headers)
    assert.equal(status, 400)
  }
  assert.equal(endpoint.sessionCount, 0)
})

test('as the service goes away, sessions are told so, and nobody gets a new one', async t => {
  const { begin, endpoint, url } = await served(t)
  const { client, session } = await begin()
  const work = fails(session.transmit([query]), 'CLOSED', /shutting down/)
  endpoint.close()
  await work
  assert.deepEqual(await client.closed, [4503, 'the service is shutting down'])
  const socket = new WebSocket(url, ['keytether-ram.v1'])
  const [, response] = await once(socket, 'unexpected-response')
  assert.equal(response.statusCode, 405)
  response.destroy()
})

test('too many sessions: over a WebSocket, as well', async t => {
  const { begin, url } = await served(t, { maxSessions: 1 })
  await begin()
  const socket = new WebSocket(url, ['keytether-ram.v1'])
  const [, response] = await once(socket, 'unexpected-response')
  assert.equal(response.statusCode, 405)
  response.destroy()
})

test('a client that does not agree that the session is over does not keep it', async t => {
  const { begin } = await served(t)
  const { client, session } = await begin()
  client.socket.pause()
  await session.close()
  assert.equal((await session.closed).code, 'CLOSED')
  setTimeout(() => client.socket.resume(), 1_500)
  assert.equal((await client.closed)[0], 1000)
})

async function fetchUpgrade(url: string, headers: Record<string, string>): Promise<number> {
  const { request } = await import('node:http')
  const all = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
    'Sec-WebSocket-Protocol': 'keytether-ram.v1',
    ...headers,
  }
  const sent = request(url, { headers: all }).end()
  const [response] = await once(sent, 'response')
  response.destroy()
  return response.statusCode
}
