/**
 * Signatures through the whole way: application, service, token. Service and token each have a process of their own; this
 * one is the application, and for the count also the wire between the two.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { runAgent } from '@keytether/agent'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { createLog, startService } from '@keytether/server'
import { prepare } from './card.ts'
import { heading, print, rate } from './report.ts'

const token = 'known-to-everybody-in-this-benchmark'
type Transport = 'http' | 'auto'
const transports = { http: 'RAMOverHTTP', auto: 'a WebSocket' } as const

const [role, url = '', transport = ''] = process.argv.slice(2)
if (role === 'service') await service()
else if (role === 'token') await connectToken(url, transport as Transport)
else for (const one of ['http', 'auto'] as const) await main(one)

async function service(): Promise<void> {
  const devices = { roots: [emulatorRoot] }
  const started = await startService({ host: '127.0.0.1', port: 0, tokens: [token], devices }, createLog('error'))
  console.log(started.url)
}

async function connectToken(endpoint: string, transport: Transport): Promise<void> {
  const emulator = await Emulator.open({ store: memoryStore() })
  await prepare(emulator)
  await runAgent({ url: endpoint, transport, open: async () => emulator, signal: new AbortController().signal })
}

async function main(transport: Transport): Promise<void> {
  const children: ChildProcess[] = []
  try {
    const base = await firstLine(start(children, 'service'))
    const wire = await countingProxy(Number(new URL(base).port))
    start(children, 'token', `http://127.0.0.1:${wire.port}/rt/hsm`, transport)
    await measure(base, wire, transport)
    wire.close()
  } finally {
    for (const child of children) child.kill()
  }
}

function start(children: ChildProcess[], ...parameters: string[]): ChildProcess {
  const child = spawn(process.execPath, [import.meta.filename, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface(child.stdout!), 'line', { signal: AbortSignal.timeout(20_000) })
  return String(line)
}

async function measure(base: string, wire: Wire, transport: Transport): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const get = (path: string) => call(agent, 'GET', `${base}${path}`)
  const keys = await until(async () => {
    const found = JSON.parse(await get('/se/api/keys')) as { id: string; type: string }[]
    return found.length > 0 ? found : undefined
  })
  const hash = createHash('sha256').update('bench').digest('hex')
  const signer = (type: string, algo: string) => {
    const { id } = keys.find(key => key.type === type)!
    return () => call(agent, 'POST', `${base}/se/api/keys/${id}/signhash`, JSON.stringify({ hash, algo }))
  }
  const [ecdsa, rsa] = [signer('EC', 'ECDSA'), signer('RSA', 'RSA_PKCS1')]

  heading(`Signatures over REST, with one emulated token behind ${transports[transport]}`)
  const signatures = 500
  await ecdsa()
  const before = wire.requests
  for (let i = 0; i < signatures; i++) await ecdsa()
  if (transport === 'http') {
    print({ name: 'HTTP round trips per signature', value: (wire.requests - before) / signatures, unit: '' })
  }

  const listing = { name: 'GET of the list of keys', value: await rate(() => get('/se/api/keys')) }
  print({ name: 'ECDSA P-256, one client', value: await rate(ecdsa), unit: '/s', beside: listing })
  print({
    name: 'ECDSA P-256, 16 clients',
    value: 16 * (await rate(() => Promise.all(Array.from({ length: 16 }, ecdsa)))),
    unit: '/s',
    beside: listing,
  })
  print({ name: 'RSA-2048, one client', value: await rate(rsa), unit: '/s', beside: listing })
  agent.destroy()
}

function call(agent: Agent, method: string, target: string, body?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }
  const outgoing = request(target, { method, agent, headers }, async response => {
    let text = ''
    for await (const chunk of response) text += String(chunk)
    if (response.statusCode === 200) resolve(text)
    else reject(new Error(`${method} ${target}: ${response.statusCode} ${text}`))
  })
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

async function until<T>(condition: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const value = await condition()
    if (value !== undefined) return value
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('the token did not become ready within 20 s')
}

interface Wire {
  readonly port: number
  /** How many HTTP requests have passed from the token to the service. */
  readonly requests: number
  close(): void
}

/** The wire between token and service: passes bytes on, and counts the requests among them. */
async function countingProxy(target: number): Promise<Wire> {
  let requests = 0
  const server = createServer(near => {
    const far = connect(target, '127.0.0.1')
    near.on('data', (chunk: Buffer) => {
      if (chunk.includes('POST /rt/hsm')) requests++
    })
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.setNoDelay(true).on('error', () => near.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return requests
    },
    close: () => server.close(),
  }
}
