/** Who listens to events, while he may and is there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'

const token = 'a-token-for-this-test'
const headers = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' }

async function start(t: TestContext) {
  const config = { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [] } }
  const service = await startService(config, createLog('silent'))
  t.after(() => service.close())
  const follow = () => fetch(`${service.url}/v1/events`, { headers })
  return { ...service, follow }
}

/** It takes a while to find out who asks. */
function slowly(t: TestContext, { hsm }: Awaited<ReturnType<typeof start>>) {
  const { byPrincipal } = hsm.logins
  return t.mock.method(hsm.logins, 'byPrincipal', async (...who: Parameters<typeof byPrincipal>) => {
    const caller = await byPrincipal.apply(hsm.logins, who)
    await sleep(50)
    return caller
  })
}

test('who has gone before it began does not stand in the way', async t => {
  const service = await start(t)
  const slow = slowly(t, service)
  const listening = service.hsm.logins.events.listenerCount('forget')
  for (let round = 0; round < 20; round++) {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET /v1/events HTTP/1.1\r\nHost: here\r\n${lines.join('')}\r\n`)
    await sleep(5)
    socket.destroy()
    await once(socket, 'close')
  }
  await sleep(100)
  slow.mock.restore()
  assert.equal(service.hsm.logins.events.listenerCount('forget'), listening)
  const { status, body } = await service.follow()
  assert.equal(status, 200)
  await body!.cancel()
})

test('who may no more while it begins is told to log in again', async t => {
  const service = await start(t)
  const slow = slowly(t, service)
  const following = service.follow()
  while (slow.mock.callCount() === 0) await sleep(5)
  service.hsm.logins.forget()
  const { body } = await following
  const ended = new Response(body).text().then(() => 'ended')
  assert.equal(await Promise.race([ended, sleep(2_000, 'goes on', { ref: false })]), 'ended')
})
