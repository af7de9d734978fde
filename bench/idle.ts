/**
 * Ten thousand idle tokens on one node, over each transport, and in the whole service, where each is ready: memory, and the share of a core that
 * keeping them costs. Beside it the same with bare `node:http`, whose requests are held and answered as often, and with bare sockets of `ws` that
 * are pinged as often.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runSession } from '@keytether/agent'
import { ramKeepAlive, ramSubprotocol } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { createLog, startService } from '@keytether/server'
import { type WebSocket, WebSocketServer } from 'ws'
import { RamEndpoint } from '../packages/server/src/ram/endpoint.ts'
import { ramServerOptions } from '../packages/server/src/ram/http-options.ts'
import { heading, print } from './report.ts'

type Kind = 'held requests' | 'RAMOverHTTP' | 'sockets of ws' | 'WebSocket' | 'ready tokens'

const wanted = 10_000
/** Paid once for the first ones: the heap has grown, the code is compiled. */
const warmUp = 500
/** Files that a process of this benchmark has open besides. */
const spare = 200
/** Connections that are opened at the same time. */
const step = 100
const pollMs = 25_000
const measuredMs = 25_000
const initiation = Buffer.from('e81ac0183bfe1800008131fe458031815448534d31738021408107fa', 'hex')
const nothingDone = Buffer.from('ab03800100', 'hex')
const ping = 0x89
const pong = Buffer.of(0x8a, 0x80, 0, 0, 0, 0)

const [role, kind, ...parameters] = process.argv.slice(2) as [string?, Kind?, ...string[]]
if (role === 'server' && kind === 'ready tokens') await serveTokens()
else if (role === 'server') await serve(kind!)
else if (role === 'tokens') await connectTokens(kind!, Number(parameters[0]), Number(parameters[1]))
else await main()

interface Cost {
  readonly kilobytes: number
  readonly percent: number
}

async function main(): Promise<void> {
  const files = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString())
  const tokens = Math.min(wanted, files - warmUp - spare)
  heading(`${tokens.toLocaleString('en')} idle tokens on one node`)
  if (tokens < wanted) console.log(`no more, since a process may have ${files} files open: raise it with ulimit -n`)
  const bareCosts = new Map<Kind, Cost>()
  for (const [name, peer, most] of [
    ['RAMOverHTTP', 'held requests', 20],
    ['WebSocket', 'sockets of ws', 20],
    ['ready tokens', 'sockets of ws', 100],
  ] as const) {
    const bare = bareCosts.get(peer) ?? (await cost(peer, tokens))
    bareCosts.set(peer, bare)
    const ours = await cost(name, tokens)
    const memory = { name: peer, value: bare.kilobytes }
    print({
      name: `${name}: memory of each`,
      value: ours.kilobytes,
      unit: 'KB',
      beside: memory,
      aim: most,
      atMost: true,
    })
    const share = { name: peer, value: bare.percent }
    print({ name: `${name}: share of a core`, value: ours.percent, unit: '%', beside: share, aim: 15, atMost: true })
  }
}

async function cost(kind: Kind, tokens: number): Promise<Cost> {
  const server = fork(import.meta.filename, ['server', kind], { execArgv: ['--expose-gc'] })
  const port = await said(server)
  const clients: ChildProcess[] = []
  const dialIn = async (count: number) => {
    const client = fork(import.meta.filename, ['tokens', kind, String(port), String(count)])
    clients.push(client)
    await said(client)
  }
  const measured = async (count: number) => {
    server.send({ tokens: count })
    return (await said(server)) as { readonly resident: number; readonly percent: number }
  }
  try {
    await dialIn(warmUp)
    const before = await measured(warmUp)
    await dialIn(tokens)
    const after = await measured(warmUp + tokens)
    return { kilobytes: (after.resident - before.resident) / tokens / 1024, percent: after.percent }
  } finally {
    for (const client of clients) client.kill()
    server.kill()
  }
}

async function said(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`a process of the benchmark ended with ${status}`)
  })
  const [message] = await Promise.race([once(child, 'message'), ended])
  return message
}

async function serve(kind: Kind): Promise<void> {
  const endpoint = new RamEndpoint({ path: '/', secure: false, onSession: () => {}, timing: { pollMs } })
  const server = createServer({
    ...ramServerOptions,
    shouldUpgradeCallback: request => kind === 'sockets of ws' || endpoint.wantsUpgrade(request),
  })
  server.on('request', (request, response) => {
    if (kind !== 'held requests') endpoint.handle(request, response)
    else request.resume().on('end', () => hold(response))
  })
  if (kind === 'sockets of ws') bareSockets(server)
  else server.on('upgrade', (request, stream, head) => endpoint.upgrade(request, stream, head))
  server.listen(0, '127.0.0.1', 8192)
  await once(server, 'listening')
  process.on('message', measure)
  process.send!((server.address() as AddressInfo).port)
}

/** The whole service, with its database. */
async function serveTokens(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keytether-idle-'))
  process.on('disconnect', () => process.exit())
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const devices = { roots: [emulatorRoot], admit: 'genuine' } as const
  const database = `sqlite:${join(folder, 'idle.db')}`
  const config = { host: '127.0.0.1', port: 0, tokens: ['known-to-everybody-here'], devices, database }
  const service = await startService(config, createLog('silent'))
  process.on('message', async ({ tokens }: { tokens: number }) => {
    while (service.devices.hsms().length < tokens) await sleep(100)
    await measure()
  })
  process.send!(Number(new URL(service.url).port))
}

async function measure(): Promise<void> {
  await sleep(5_000)
  const { user, system } = process.cpuUsage()
  const began = performance.now()
  await sleep(measuredMs)
  const used = process.cpuUsage({ user, system })
  const percent = (used.user + used.system) / 10 / (performance.now() - began)
  process.send!({ resident: resident(), percent })
}

function hold(response: ServerResponse): void {
  setTimeout(() => response.end('aa00'), pollMs * (0.85 + 0.15 * Math.random()))
}

function bareSockets(server: Server): void {
  const sockets = new WebSocketServer({ server, clientTracking: false, perMessageDeflate: false })
  const ping = (socket: WebSocket) => {
    socket.ping()
    setTimeout(ping, ramKeepAlive.pingMs * (0.85 + 0.15 * Math.random()), socket)
  }
  sockets.on('connection', ping)
}

/** Opens connections a few at a time and answers as a client does. */
async function connectTokens(kind: Kind, port: number, count: number): Promise<void> {
  const open = kind === 'ready tokens' ? readyToken : token
  for (let opened = 0; opened < count; opened += step) {
    await Promise.all(Array.from({ length: Math.min(step, count - opened) }, () => open(kind, port)))
  }
  process.send!('open')
}

async function token(kind: Kind, port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  if (kind === 'RAMOverHTTP' || kind === 'held requests') poll(socket)
  else await upgrade(socket)
}

/** An emulated token with a PIN that is presented, as agents connect them. */
async function readyToken(_: Kind, port: number): Promise<void> {
  const channel = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
  const userPin = Buffer.from('648219')
  await card.initialize({ soPin: Buffer.from('57621880'), userPin })
  await card.verifyPin(userPin)
  const { promise, resolve } = Promise.withResolvers<void>()
  void runSession({ url: `http://127.0.0.1:${port}/rt/hsm`, channel, hooks: { connected: () => resolve() } })
  await promise
}

function poll(socket: Socket): void {
  const post = (body: Buffer, cookie: string) => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n${cookie}Content-Type: application/octet-stream\r\nAccept: */*\r\n`
    socket.write(Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]))
  }
  let cookie = ''
  socket.on('data', data => {
    cookie ||= /RSESS=[\w-]+/.exec(data.toString('latin1'))?.[0] ?? ''
    post(nothingDone, `Cookie: ${cookie}\r\n`)
  })
  post(initiation, '')
}

async function upgrade(socket: Socket): Promise<void> {
  socket.write(
    [
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${ramSubprotocol}\r\n\r\n`,
    ].join('\r\n'),
  )
  await once(socket, 'data')
  socket.on('data', data => {
    if (data.at(-2) === ping) socket.write(pong)
  })
  socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | initiation.length, 0, 0, 0, 0), initiation]))
}

/** Resident memory in bytes, garbage and its gaps not counted. */
function resident(): number {
  const { gc } = globalThis as { gc?: (options: Record<string, string>) => void }
  for (let i = 0; i < 3; i++) gc!({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return process.memoryUsage.rss()
}
