/**
 * Tokens at work, as fast as real ones and as far away: how much of their chips the scheduler makes use of, and for how long
 * an operation waits beyond what chip and network take. First with channels in this process, then through the agent and the
 * service, whose tokens have a process of their own.
 */
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { runAgent } from '@keytether/agent'
import { emulatorRoot } from '@keytether/emulator'
import type { Caller, Hsm } from '@keytether/hsm'
import { Devices } from '@keytether/hsm'
import { createLog, startService } from '@keytether/server'
import { chipMs, FarCard, oneAtATime } from './far-card.ts'
import { heading, print } from './report.ts'
import { tokenGroup } from './token-group.ts'

const login = { credential: 'test', address: '127.0.0.1' }

type Transport = 'auto' | 'http'

/** Each way. */
const wayMs = 25
const linkMs = 2 * wayMs
const warmUpMs = 1_000
const measureMs = 4_000
const hash = new Uint8Array(createHash('sha256').update('bench').digest())
const never = new AbortController().signal

const [role, ...parameters] = process.argv.slice(2)
if (role === 'tokens') await connectTokens(parameters[0]!, Number(parameters[1]), parameters[2] as Transport)
else await main()

async function main(): Promise<void> {
  for (const duplex of [true, false]) {
    heading(
      `Tokens of ${chipMs} ms behind ${linkMs} ms, in this process, ${duplex ? 'full duplex' : 'a template at a time'}`,
    )
    for (const count of [1, 8, 64]) await inProcess(count, duplex)
  }
  for (const transport of ['auto', 'http'] as const) {
    const name = transport === 'auto' ? 'a WebSocket' : 'RAMOverHTTP'
    heading(`Tokens of ${chipMs} ms behind ${linkMs} ms, through agent and service, over ${name}`)
    for (const count of [1, 8, 64]) await throughService(count, transport)
  }
}

async function inProcess(count: number, duplex: boolean): Promise<void> {
  const devices = new Devices({ roots: [emulatorRoot] })
  for (const token of await tokenGroup(count)) {
    const card = new FarCard(token, wayMs)
    devices.attach(duplex ? card : oneAtATime(card))
  }
  await ready(devices, count)
  await measure(devices, count, duplex)
  devices.close('the end')
}

async function throughService(count: number, transport: Transport): Promise<void> {
  const config = { host: '127.0.0.1', port: 0, tokens: ['known-to-everybody-in-this-benchmark'] }
  const service = await startService({ ...config, devices: { roots: [emulatorRoot] } }, createLog('silent'))
  const child = fork(import.meta.filename, ['tokens', service.url, String(count), transport])
  try {
    await ready(service.devices, count)
    await oneGroup(service.hsm)
    await measure(service.devices, count, transport === 'auto')
  } finally {
    child.kill()
    await once(child, 'exit')
    await service.close()
  }
}

async function ready(devices: Devices, count: number): Promise<void> {
  for (let attempt = 0; devices.hsms().length < count; attempt++) {
    if (attempt > 600) throw new Error(`only ${devices.hsms().length} of ${count} tokens are ready`)
    await sleep(100)
  }
}

/** Each token comes into a group of its own. */
async function oneGroup({ groups, registry, tenants }: Hsm): Promise<void> {
  const roles = ['administrator'] as const
  const caller: Caller = { tenant: tenants.main, principal: 'bench', name: 'bench', roles, tags: [], login }
  const { id } = await groups.create(caller, { name: 'all' })
  for (const { row } of registry.list(caller)) await groups.join(caller, row.id, id)
}

async function measure(devices: Devices, count: number, duplex: boolean): Promise<void> {
  const { id: key } = devices.keys()[0]!
  const sign = async () => {
    const asked = performance.now()
    await devices.sign({ key }, 'ECDSA', hash, never)
    return performance.now() - asked
  }
  const chips = { name: 'chips', value: (count * 1000) / chipMs }
  const rate = await saturated(sign, 4 * count)
  const name = count === 1 ? '1 token' : `${count} tokens`
  print({
    name: `${name}, as many signatures as it takes`,
    value: rate,
    unit: '/s',
    beside: chips,
    aim: duplex ? 0.95 * chips.value : undefined,
  })
  // Where a template is on its way, nothing can join it: with one operation in each, this is the most.
  const most = duplex ? rate : (count * 1000) / (chipMs + linkMs)
  for (const [how, load, gap] of [
    ['evenly', 0.9, () => 1],
    ['at random', 0.7, () => -Math.log(1 - Math.random())],
  ] as const) {
    if (how === 'at random' && count < 64) continue
    const waits = await offered(sign, most * load, gap)
    const loaded = `${name}, ${Math.round(load * 100)} % ${how}`
    print({ name: `${loaded}: wait p50`, value: at(waits, 0.5), unit: 'ms' })
    const aim = duplex && count === 64 && how === 'evenly' ? { aim: 5, atMost: true } : {}
    print({ name: `${loaded}: wait p99`, value: at(waits, 0.99), unit: 'ms', ...aim })
  }
}

/** Signatures a second with so many clients, each of which asks for the next one when it has its own. */
async function saturated(sign: () => Promise<number>, clients: number): Promise<number> {
  const started = performance.now()
  let count = 0
  const client = async () => {
    for (let now = 0; now < warmUpMs + measureMs; now = performance.now() - started) {
      await sign()
      const ended = performance.now() - started
      if (ended >= warmUpMs && ended < warmUpMs + measureMs) count++
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return (count * 1000) / measureMs
}

/** For how long each operation took beyond chip and network, at so many a second. */
async function offered(sign: () => Promise<number>, rate: number, gap: () => number): Promise<number[]> {
  const started = performance.now()
  const times: Promise<number>[] = []
  for (let at = 0; at < warmUpMs + measureMs; at += (gap() * 1000) / rate) {
    const rest = at - (performance.now() - started)
    if (rest > 0) await sleep(rest)
    times.push(sign())
  }
  const warm = Math.floor((times.length * warmUpMs) / (warmUpMs + measureMs))
  return (await Promise.all(times)).slice(warm).map(ms => ms - chipMs - linkMs)
}

function at(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!
}

/** Connects the tokens to the service, over lines that take their time. */
async function connectTokens(service: string, count: number, transport: Transport): Promise<void> {
  const port = await slowLine(Number(new URL(service).port))
  const signal = new AbortController().signal
  for (const token of await tokenGroup(count)) {
    const card = new FarCard(token, 0)
    void runAgent({ url: `http://127.0.0.1:${port}/rt/hsm`, open: async () => card, transport, signal })
  }
}

/** A port whose connections lead to another one, each piece that comes later than it was sent. */
async function slowLine(target: number): Promise<number> {
  const later = (from: Socket, to: Socket) => {
    from.on('data', data => setTimeout(() => to.write(data), wayMs))
    from.on('close', () => setTimeout(() => to.destroy(), wayMs))
    from.on('error', () => to.destroy()).setNoDelay(true)
  }
  const server = createServer(near => {
    const far = connect(target, '127.0.0.1')
    later(near, far)
    later(far, near)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
