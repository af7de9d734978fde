/**
 * RAMOverHTTP: round trips of one session, and the memory of thousands of idle ones. The server and its clients have a
 * process each, and beside it the same is measured with bare `node:http`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSession } from '@keytether/agent'
import { GetChallenge } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { RamEndpoint } from '../packages/server/src/ram/endpoint.ts'
import { ramServerOptions } from '../packages/server/src/ram/http-options.ts'
import { heading, print, rate } from './report.ts'

const sessions = 5_000
/** Short enough that every session has been through some polls when it is measured. */
const pollMs = 4_000
const settleMs = 9_000
const atr = fromHex('3bfe1800008131fe458031815448534d31738021408107fa')
const response = fromHex('00112233445566779000')
const challenge = GetChallenge.encodeRequest({}, undefined, { le: 8 })

const [role, ...parameters] = process.argv.slice(2)
if (role === 'card') await card(parameters[0]!)
else if (role === 'posts') await posts(parameters[0]!)
else if (role === 'idle') await idle(Number(parameters[0]), parameters[1] === 'ram')
else if (role === 'memory') await memory(parameters[0] === 'ram')
else await main()

async function main(): Promise<void> {
  heading('RAMOverHTTP')
  await roundTrips()
  // Each in a fresh process, where nothing else has left its traces in memory.
  const bare = await memoryOf('bare')
  const ram = await memoryOf('ram')
  print({
    name: `memory of each of ${sessions} idle sessions`,
    value: ram,
    unit: 'KB',
    beside: { name: 'a held request', value: bare },
    aim: 20,
    atMost: true,
  })
}

async function roundTrips(): Promise<void> {
  let began = (_session: { transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> }) => {}
  const session = new Promise<Parameters<typeof began>[0]>(resolve => {
    began = resolve
  })
  const endpoint = new RamEndpoint({ path: '/', secure: false, onSession: one => began(one) })
  const server = createServer(ramServerOptions, (incoming, outgoing) => endpoint.handle(incoming, outgoing))
  const client = child('card', `http://127.0.0.1:${await listen(server)}/`)
  const { transmit } = await session.then(one => ({ transmit: one.transmit.bind(one) }))
  const single = await rate(() => transmit([challenge]))
  const batched = await rate(() => transmit(Array<Uint8Array>(20).fill(challenge)))
  endpoint.close()
  client.kill()
  server.close()
  server.closeAllConnections()
  const beside = { name: 'POST of node:http', value: await bareRate() }
  print({ name: 'round trips, one command each', value: single, unit: '/s', beside, aim: 2_000 })
  print({ name: 'commands, 20 in a round trip', value: 20 * batched, unit: '/s', beside })
}

/** POSTs that a server answers at once, as a client in another process counts them. */
async function bareRate(): Promise<number> {
  const server = createServer(ramServerOptions, (incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end(response))
  })
  const client = child('posts', `http://127.0.0.1:${await listen(server)}/`)
  const [value] = await once(client, 'message')
  client.kill()
  server.close()
  server.closeAllConnections()
  return value as number
}

async function card(url: string): Promise<void> {
  const channel = {
    atr,
    transmit: async (commands: readonly Uint8Array[]) => commands.map(() => response),
    reset: async () => atr,
    close: async () => {},
  }
  await runSession({ url, channel }).catch(() => {})
}

async function posts(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const post = () =>
    new Promise<void>((resolve, reject) => {
      const outgoing = request(url, { method: 'POST', agent }, incoming => incoming.resume().on('end', resolve))
      outgoing.on('error', reject).end(response)
    })
  process.send!(await rate(post))
}

/** Kilobytes of resident memory for each client that waits. */
async function memoryOf(kind: 'ram' | 'bare'): Promise<number> {
  const measured = child('memory', kind)
  const [value] = await once(measured, 'message')
  measured.kill()
  return value as number
}

async function memory(ram: boolean): Promise<void> {
  let held = 0
  const endpoint = new RamEndpoint({ path: '/', secure: false, onSession: () => {}, timing: { pollMs } })
  const server = createServer(ramServerOptions, (incoming, outgoing) => {
    if (ram) endpoint.handle(incoming, outgoing)
    else incoming.resume().on('end', () => held++)
  })
  const port = await listen(server)
  const kind = ram ? 'ram' : 'bare'
  // What the first sessions cost besides is paid once: the heap has grown, the code is compiled.
  const first = child('idle', port, kind, 1_000)
  await once(first, 'message')
  await sleep(settleMs)
  const before = resident()
  const more = child('idle', port, kind, sessions)
  await once(more, 'message')
  await sleep(settleMs)
  process.send!((resident() - before) / sessions / 1024)
  first.kill()
  more.kill()
}

/** Opens connections, each with a request that waits; answers as a client does. */
async function idle(port: number, ram: boolean): Promise<void> {
  const count = Number(parameters[2])
  for (let i = 0; i < count; i++) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    post(socket, Buffer.concat([Buffer.of(0xe8, atr.length + 2, 0xc0, atr.length), atr]), '')
    let cookie = ''
    socket.on('data', data => {
      cookie ||= /RSESS=[\w-]+/.exec(data.toString('latin1'))?.[0] ?? ''
      if (ram) post(socket, Buffer.from('ab03800100', 'hex'), `Cookie: ${cookie}\r\n`)
    })
  }
  process.send!('open')
}

function post(socket: Socket, body: Buffer, cookie: string): void {
  const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n${cookie}Content-Type: application/octet-stream\r\nAccept: */*\r\n`
  socket.write(Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]))
}

/** Resident memory in bytes, garbage and its gaps not counted. */
function resident(): number {
  const { gc } = globalThis as { gc?: (options: Record<string, string>) => void }
  for (let i = 0; i < 3; i++) gc!({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return process.memoryUsage.rss()
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1', 8192)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function child(...args: readonly (string | number)[]) {
  return fork(import.meta.filename, args.map(String), { execArgv: ['--expose-gc'] })
}
