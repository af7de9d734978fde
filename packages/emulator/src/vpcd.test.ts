/** The card's side of the conversation with vpcd, whose side is played here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Channel, ChannelError } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { attachVpcd, type VpcdEvent } from './vpcd.ts'

const atr = fromHex('3BFE1800008131FE458031815448534D31738021408107FA')

test('the ATR, power and commands', async t => {
  const { card, calls } = scripted(command => Uint8Array.of(...command.subarray(0, 2), 0x90, 0x00))
  const { socket, answer } = await attached(t, card)
  socket.write(fromHex('000104'))
  assert.equal(await answer(), `0018${toHex(atr)}`)
  socket.write(fromHex('00010000010100010200010400050084000008'))
  assert.equal(await answer(), `0018${toHex(atr)}`)
  assert.equal(await answer(), '000400849000')
  assert.deepEqual(calls, ['reset', 'reset', '0084000008'])
})

test('a frame in parts, and parts of two frames in one', async t => {
  const { card, calls } = scripted(() => fromHex('9000'))
  const { socket, answer } = await attached(t, card)
  for (const part of ['00', '04', '00A4', '0000', '00040084']) {
    socket.write(fromHex(part))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  assert.equal(await answer(), '00029000')
  socket.write(fromHex('0001'))
  assert.equal(await answer(), '00029000')
  assert.deepEqual(calls, ['00a40000', '00840001'])
})

test('the longest command and answer; longer ones are refused, as is a command that is none', async t => {
  const { card } = scripted(command => new Uint8Array(command[0] === 1 ? 65_536 : 65_535))
  const { socket, answer } = await attached(t, card)
  const frame = new Uint8Array(2 + 65_535).fill(0xff, 0, 2)
  socket.write(frame)
  assert.equal((await answer()).length, 2 * (2 + 65_535))
  socket.write(frame.fill(1, 2))
  assert.equal(await answer(), '00026700')
  socket.write(fromHex('00020084'))
  assert.equal(await answer(), '00026700')
})

test('the card comes back after vpcd was away, and what is going on is told', async t => {
  const { card } = scripted(() => fromHex('9000'))
  const { server, socket, answer, events, stop, running } = await attached(t, card)
  socket.write(fromHex('000104'))
  await answer()
  socket.destroy()
  const [again] = (await once(server, 'connection')) as [Socket]
  again.write(fromHex('000104'))
  const [bytes] = await once(again, 'data')
  assert.equal(toHex(bytes), `0018${toHex(atr)}`)
  assert.deepEqual(
    events.map(event => event.state),
    ['inserted', 'waiting', 'inserted'],
  )
  const ended = once(again, 'close')
  stop.abort()
  await running
  await ended
})

test('nobody listens', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const stop = new AbortController()
  const events: VpcdEvent[] = []
  await attachVpcd(scripted(() => fromHex('9000')).card, {
    port,
    signal: stop.signal,
    onEvent: event => {
      events.push(event)
      setTimeout(() => stop.abort(), 500)
    },
  })
  assert.equal(events.length, 1, 'the same reason is told once')
  assert.match(
    events[0]?.state === 'waiting' ? events[0].reason : '',
    new RegExp(`^nothing listens at 127.0.0.1:${port}: is pcscd running, with vpcd\\? .*apt-get install`),
  )
})

test('a card that fails is pulled out', async t => {
  const { card } = scripted(() => {
    throw new ChannelError('CLOSED', 'the card was closed')
  })
  const { socket, running } = await attached(t, card)
  const ended = once(socket, 'close')
  socket.write(fromHex('000400A40000'))
  await assert.rejects(running, { name: 'ChannelError', code: 'CLOSED' })
  await ended
})

test('a signal that has aborted already', async () => {
  await attachVpcd(scripted(() => fromHex('9000')).card, { signal: AbortSignal.abort() })
})

function scripted(answer: (command: Uint8Array) => Uint8Array): { card: Channel; calls: string[] } {
  const calls: string[] = []
  const card: Channel = {
    atr,
    async transmit(commands) {
      calls.push(...commands.map(toHex))
      return commands.map(answer)
    },
    async reset() {
      calls.push('reset')
      return atr
    },
    async close() {},
  }
  return { card, calls }
}

interface Attached {
  readonly server: Server
  readonly socket: Socket
  /** The next frame from the card, in hexadecimal. */
  readonly answer: () => Promise<string>
  readonly events: VpcdEvent[]
  readonly stop: AbortController
  readonly running: Promise<void>
}

async function attached(t: TestContext, card: Channel): Promise<Attached> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = new AbortController()
  const events: VpcdEvent[] = []
  const running = attachVpcd(card, {
    port: (server.address() as AddressInfo).port,
    signal: stop.signal,
    onEvent: event => events.push(event),
  })
  running.catch(() => {})
  t.after(async () => {
    stop.abort()
    server.close()
    await running.catch(() => {})
  })
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.on('error', () => {})
  const answer = async () => {
    const read = (length: number) =>
      new Promise<Buffer>((resolve, reject) => {
        const attempt = () => {
          const bytes: Buffer | null = length === 0 ? Buffer.alloc(0) : socket.read(length)
          if (bytes) resolve(bytes)
          else if (socket.readableEnded || socket.destroyed) reject(new Error('the card left'))
          else socket.once('readable', attempt)
        }
        attempt()
      })
    const length = await read(2)
    return toHex(Buffer.concat([length, await read(length.readUInt16BE())]))
  }
  return { server, socket, answer, events, stop, running }
}
