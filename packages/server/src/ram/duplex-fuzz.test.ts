/** Whatever comes over a WebSocket, or in place of one, the endpoint lives on, and no session stays. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromHex } from '@keytether/codec'
import { type RamServer, startRamServer } from '@keytether/test/ram-server'
import { rawCardSide } from '@keytether/test/raw-card-side'
import fc from 'fast-check'
import type { CardSession } from './card-session.ts'

const initiation = fromHex('e81ac0183bfe1800008131fe458031815448534d31738021408107fa')
const answer = fromHex('00000001ab12230290002309800400000211229000800102')
const timing = { silenceMs: 40, commandMs: 40, furtherCommandMs: 0, byInstruction: new Map() }

let server: RamServer
const works = new Set<Promise<void>>()

function keepBusy(session: CardSession): void {
  const work = session.transmit([fromHex('00b0000000'), fromHex('0084000007')]).then(
    responses => assert.equal(responses.length, 2),
    error => assert.equal(error.name, 'ChannelError'),
  )
  works.add(work)
  void work.finally(() => works.delete(work))
}

before(async () => {
  server = await startRamServer({ timing, onSession: keepBusy })
})
after(() => server[Symbol.asyncDispose]())

function mutated(message: Uint8Array) {
  const change = fc.record({ at: fc.nat(message.length - 1), byte: fc.nat(255) })
  const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map(changes => {
    const bytes = message.slice()
    for (const { at, byte } of changes) bytes[at] = byte
    return bytes
  })
  const cut = fc.nat(message.length).map(length => message.slice(0, length))
  return fc.oneof(changed, cut, fc.uint8Array({ maxLength: 80 }))
}

async function settled(): Promise<void> {
  for (let i = 0; i < 1_000 && (works.size > 0 || server.endpoint.sessionCount > 0); i++) await sleep(2)
  assert.deepEqual([works.size, server.endpoint.sessionCount], [0, 0])
}

test('messages that are none, within a session and before it', async () => {
  const first = fc.oneof(fc.constant(initiation), mutated(initiation))
  const more = fc.array(fc.oneof(fc.constant(answer), mutated(answer)), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(first, more, fc.boolean(), async (opening, messages, breaks) => {
      const client = await rawCardSide(server.url, '')
      for (const message of [opening, ...messages]) client.socket.send(message)
      if (breaks) client.socket.terminate()
      else client.socket.close()
      await client.closed
    }),
    { numRuns: 200 },
  )
  await settled()
})

const handshake = [
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: keytether-ram.v1\r\n\r\n',
].join('\r\n')

/** Masked with zeros, as a frame of a client has to be. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0), payload])
}

test('frames that are none', async () => {
  const real = Buffer.concat([
    frame(2, initiation),
    frame(2, answer),
    frame(9, Buffer.from('ping')),
    frame(8, Buffer.of(3, 232)),
  ])
  await fc.assert(
    fc.asyncProperty(mutated(real), fc.boolean(), async (bytes, together) => {
      const socket: Socket = connect(server.port, '127.0.0.1').on('error', () => {})
      socket.resume()
      if (together) socket.write(Buffer.concat([Buffer.from(handshake), bytes]))
      else {
        socket.write(handshake)
        await once(socket, 'data')
        socket.write(bytes)
      }
      await sleep(1)
      socket.destroy()
    }),
    { numRuns: 300 },
  )
  await settled()
})

test('handshakes that are none', async () => {
  await fc.assert(
    fc.asyncProperty(mutated(Buffer.from(handshake)), async bytes => {
      const socket: Socket = connect(server.port, '127.0.0.1').on('error', () => {})
      socket.resume()
      socket.write(bytes)
      await sleep(1)
      socket.destroy()
    }),
    { numRuns: 300 },
  )
  await settled()
})
