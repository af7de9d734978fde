/**
 * Our agent and our endpoint, over RAMOverHTTP and over a WebSocket, and a network that breaks connections at any byte: an answer
 * is that to its command or none, and no command is carried out twice.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { runAgent, runSession } from '@keytether/agent'
import { type Channel, ChannelError } from '@keytether/card'
import { startRamServer } from '@keytether/test/ram-server'
import type { CardSession } from '../../packages/server/src/ram/card-session.ts'

const atr = Uint8Array.of(0x3b, 0)
const timing = { graceMs: 300, silenceMs: 300, commandMs: 500 }

/** Passes bytes on, and breaks each connection after so many bytes of either direction. */
async function breakingProxy(target: number, bytesUntilBreak: () => number) {
  let breaks = 0
  const server = createTcpServer(client => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true })
    client.setNoDelay()
    const both = [client, upstream]
    let left = bytesUntilBreak()
    for (const [index, from] of both.entries()) {
      const to = both[1 - index]!
      from.on('data', data => {
        to.write(data.subarray(0, Math.max(0, left)))
        left -= data.length
        if (left >= 0 || client.destroyed) return
        breaks++
        for (const socket of both) socket.resetAndDestroy()
      })
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, breaks: () => breaks, close: () => server.close() }
}

/** Answers that say nothing of the command, as where P1 is 1, are those that could be taken for another's. */
function answerTo(command: Uint8Array): Uint8Array {
  return command[2] === 1 ? Uint8Array.of(0x90, 0) : Uint8Array.of(...command.subarray(4), 0x90, 0)
}

/** Bytes until a connection breaks: a WebSocket's session breaks with it, so there is more to each. */
const budgets = { http: 9_000, auto: 2_000 } as const

for (const transport of ['http', 'auto'] as const) {
  test(`connections that break at any byte, transport ${transport}`, async t => {
    // The same places each time: a failure can be looked at again.
    let seed = 4711
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return seed / 2 ** 31
    }
    let arrived = (_session: CardSession) => {}
    await using server = await startRamServer({ timing, onSession: session => arrived(session) })
    const proxy = await breakingProxy(server.port, () => 600 + Math.floor(random() * budgets[transport]))
    t.after(() => proxy.close())
    const executed = new Map<number, number>()
    const channel: Channel = {
      atr,
      async transmit(commands) {
        return commands.map(command => {
          const number = Buffer.from(command).readUInt32BE(4)
          executed.set(number, (executed.get(number) ?? 0) + 1)
          return answerTo(command)
        })
      },
      reset: async () => atr,
      close: async () => {},
    }
    let number = 0
    let answered = 0
    let lost = 0
    let duplex = 0
    for (let round = 0; round < 80; round++) {
      const session = new Promise<CardSession>(resolve => {
        arrived = resolve
      })
      const over = runSession({ url: `http://127.0.0.1:${proxy.port}/`, channel, transport }).catch(() => {})
      const began = await Promise.race([session, over])
      if (!began) continue
      if (began.duplex) duplex++
      const last = number + 60
      while (number < last) {
        const commands = Array.from({ length: round % 2 === 0 ? 3 : 1 }, () => {
          const command = Buffer.of(0, 0, round % 2, 0, 0, 0, 0, 0)
          command.writeUInt32BE(++number, 4)
          return command
        })
        try {
          const responses: Uint8Array[] = await began.transmit(commands)
          for (const [index, command] of commands.entries()) {
            assert.deepEqual([...responses[index]!], [...answerTo(command)])
            assert.equal(executed.get(command.readUInt32BE(4)), 1)
            answered++
          }
        } catch (error) {
          assert(error instanceof ChannelError, String(error))
          lost++
          break
        }
      }
      await began.close()
      await over
    }
    for (const [each, times] of executed) assert.equal(times, 1, `command ${each} was carried out ${times} times`)
    assert(answered > 1_000, `only ${answered} commands were answered`)
    t.diagnostic(`${proxy.breaks()} breaks, ${answered} commands answered, ${lost} sessions lost`)
    assert(proxy.breaks() > 40)
    assert(transport === 'http' ? duplex === 0 : duplex > 50)
  })
}

test('a service that is restarted has the agent back at once', async () => {
  const start = async (port?: number) => {
    const { promise, resolve } = Promise.withResolvers<CardSession>()
    const server = await startRamServer({ timing: { pollMs: 200 }, onSession: resolve }, port)
    return { server, session: promise }
  }
  for (const transport of ['http', 'auto'] as const) {
    const before = await start()
    const stop = new AbortController()
    const pauses: number[] = []
    const agent = runAgent({
      url: before.server.url,
      transport,
      open: async () => ({
        atr,
        transmit: async commands => commands.map(() => Uint8Array.of(0x90, 0)),
        reset: async () => atr,
        close: async () => {},
      }),
      signal: stop.signal,
      onEvent: event => event.event === 'disconnected' && pauses.push(event.retryMs),
    })
    const first = await before.session
    assert.equal((await first.transmit([new Uint8Array(4)])).length, 1)
    // Without a good-bye, as when the process is killed.
    await before.server.kill()
    const after = await start(before.server.port)
    assert.equal((await (await after.session).transmit([new Uint8Array(4)])).length, 1)
    assert(pauses.length > 0 && pauses.every(ms => ms < 1_500), `${pauses}`)
    stop.abort()
    await agent
    await after.server[Symbol.asyncDispose]()
    await first.close()
  }
})

/** Passes bytes on, until it does not any more though all connections stay; or so many bytes in a millisecond. */
async function troubledProxy(target: number) {
  let mute = false
  let bytesPerMs = Number.POSITIVE_INFINITY
  const server = createTcpServer(client => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true })
    client.setNoDelay()
    const both = [client, upstream]
    for (const [index, from] of both.entries()) {
      const to = both[1 - index]!
      let free = 0
      from.on('data', data => {
        for (let at = 0; at < data.length && !mute; at += 1_000) {
          const piece = data.subarray(at, at + 1_000)
          const now = performance.now()
          free = Math.max(now, free) + piece.length / bytesPerMs
          if (bytesPerMs === Number.POSITIVE_INFINITY) to.write(piece)
          else setTimeout(() => mute || to.write(piece), free - now)
        }
      })
      from.on('error', () => {})
      from.on('close', () => mute || to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    silence(on: boolean) {
      mute = on
    },
    slow(bytes: number) {
      bytesPerMs = bytes
    },
    close: () => server.close(),
  }
}

/** A card that answers with as many bytes as P1 and P2 say. */
function talkative(): Channel {
  return {
    atr,
    transmit: async commands =>
      commands.map(command => Buffer.concat([Buffer.alloc(command[2]! * 256 + command[3]!), Buffer.of(0x90, 0)])),
    reset: async () => atr,
    close: async () => {},
  }
}

test('a link that dies while both ends think that it is there: both notice', async t => {
  const sessions: CardSession[] = []
  await using server = await startRamServer({ onSession: session => sessions.push(session) })
  const proxy = await troubledProxy(server.port)
  t.after(() => proxy.close())
  const stop = new AbortController()
  const lost = Promise.withResolvers<string>()
  const agent = runAgent({
    url: proxy.url,
    open: async () => talkative(),
    signal: stop.signal,
    onEvent: event => event.event === 'disconnected' && lost.resolve(event.reason),
  })
  while (sessions.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal((await sessions[0]!.transmit([new Uint8Array(4)])).length, 1)
  proxy.silence(true)
  const work = assert.rejects(sessions[0]!.transmit([new Uint8Array(4)]), { code: 'REMOVED' })
  assert.match((await sessions[0]!.closed).message, /the connection is dead/)
  await work
  assert.match(await lost.promise, /the connection is dead: nothing came for 9 s/)
  // The same agent is back when the link is.
  proxy.silence(false)
  while (sessions.length === 1) await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal((await sessions[1]!.transmit([new Uint8Array(4)])).length, 1)
  stop.abort()
  await agent
})

test('a link so slow that a ping has to wait for seconds is not taken for a dead one', async t => {
  const sessions: CardSession[] = []
  await using server = await startRamServer({ onSession: session => sessions.push(session) })
  const proxy = await troubledProxy(server.port)
  t.after(() => proxy.close())
  const stop = new AbortController()
  const session = runSession({ url: proxy.url, channel: talkative(), signal: stop.signal }).catch(() => {})
  while (sessions.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  proxy.slow(8)
  // Answers of 15 times 4 KB, and commands of 56 KB: twelve seconds and seven.
  const read = Uint8Array.of(0, 0xb0, 0x0f, 0xf0, 0, 0, 0)
  const long = new Uint8Array(56_000)
  const answers = await Promise.all([
    sessions[0]!.transmit(Array(15).fill(read)),
    sessions[0]!.transmit([long]),
    sessions[0]!.transmit([new Uint8Array(4)]),
  ])
  assert.deepEqual(
    answers.map(all => all.length),
    [15, 1, 1],
  )
  stop.abort()
  await session
})
