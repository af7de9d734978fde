/** The agent with the cards in two readers, which come and go. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ReaderEvent, runReaders } from '@keytether/agent'
import { fromHex, toHex } from '@keytether/codec'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'
import { insertVirtualCard } from '@keytether/test/virtual-card'
import type { CardSession } from '../../packages/server/src/ram/card-session.ts'
import { RamEndpoint } from '../../packages/server/src/ram/endpoint.ts'

const missing = missingPeers(sandboxPeers)
const atr = fromHex('3BFE1800008131FE458031815448534D31738021408107FA')
const query = fromHex('00200081')
const pin = '648219'

if (missing !== undefined) {
  test('agent', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  test('each card has a session from its insertion to its removal, logged in', { timeout: 60_000 }, async t => {
    const sessions: CardSession[] = []
    const endpoint = new RamEndpoint({ path: '/', secure: false, onSession: session => sessions.push(session) })
    const server = createServer((request, response) => endpoint.handle(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      endpoint.close()
      server.close()
      server.closeAllConnections()
    })
    const events: ReaderEvent[] = []
    const stop = new AbortController()
    const running = runReaders({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      pin: async () => new TextEncoder().encode(pin),
      signal: stop.signal,
      onEvent: event => events.push(event),
    })
    const until = async (what: string, condition: () => boolean) => {
      for (let i = 0; i < 1000 && !condition(); i++) await sleep(10)
      assert(condition(), `${what}: ${JSON.stringify(events)}`)
    }
    /** A card that knows whether it is logged in, which ends with its power. */
    const insert = (slot: 0 | 1) => {
      let verified = false
      return insertVirtualCard({
        atr,
        slot,
        answer(command) {
          if (command[1] === 0xa4) verified = false
          if (command[1] === 0x20 && command.length > 4) verified = true
          return fromHex(command[1] !== 0x20 || verified ? '9000' : '63C3')
        },
      })
    }
    const answer = async (session: CardSession) => toHex((await session.transmit([query]))[0]!)

    const first = await insert(0)
    const second = await insert(1)
    await until('two sessions', () => sessions.length === 2)
    assert.deepEqual(await Promise.all(sessions.map(answer)), ['9000', '9000'])
    const pins = events.filter(({ event }) => event === 'pin')
    assert.deepEqual(
      pins.map(event => [event.reader, 'status' in event && event.status]).sort(),
      virtualReaders.map(({ name }) => [name, 'verified']),
    )
    await first.remove()
    const ended = await Promise.race(sessions.map(session => session.closed))
    assert.equal(ended.code, 'REMOVED')
    assert.match(ended.message, /the card was removed/)
    assert.equal(endpoint.sessionCount, 1)
    await sleep(1_000)
    const again = await insert(0)
    await until('the card is back', () => sessions.length === 3)
    assert.equal(await answer(sessions[2]!), '9000')
    stop.abort()
    await running
    assert.equal(endpoint.sessionCount, 0)
    await Promise.all([again.remove(), second.remove()])
  })
}
