/**
 * What the audit log costs: signatures with tokens that answer at once, on record and not, in turns. The service has a process of its
 * own, with the tokens in it; this one is the applications.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { emulatorRoot } from '@keytether/emulator'
import { type Caller, type Hsm, Leases, openHsm } from '@keytether/hsm'
import { createLog } from '@keytether/server'
import { missingPeers } from '@keytether/test/peers'
import { startCluster } from '@keytether/test/postgres'
import { GroupToken } from '@keytether/test/token-group'
import { buildApp } from '../packages/server/src/app.ts'
import { heading, print, rate } from './report.ts'
import { signRequest } from './sign-request.ts'

const tokens = 4
const rounds = 3
const never = new AbortController().signal
const digest = createHash('sha256').update('bench').digest('base64')
const body = JSON.stringify({ digest, algorithm: 'ES256' })

const [role, database = ''] = process.argv.slice(2)
if (role === 'service') await service(database)
else await main()

async function service(database: string): Promise<void> {
  const hsm = await openHsm({ devices: { roots: [emulatorRoot] }, database, masterKey: { key: new Uint8Array(32) } })
  const roles = ['administrator', 'manager', 'operator'] as const
  const login = { credential: 'token bench', address: '127.0.0.1' }
  const caller: Caller = { principal: 'prn_bench', name: 'bench', tenant: hsm.tenants.main, roles, tags: [], login }
  const group = await members(hsm, caller)
  const type = { kind: 'EC', curve: 'secp256r1' } as const
  await hsm.keys.create(caller, { name: 'web', group, type, durability: tokens }, never)
  const without = { ...hsm, audit: { record: async () => {} } as unknown as Hsm['audit'] }
  console.log(`${await listening(hsm, caller)} ${await listening(without, caller)}`)
}

async function members(hsm: Hsm, caller: Caller): Promise<string> {
  const made: GroupToken[] = []
  for (let i = 0; i < tokens; i++) made.push(await GroupToken.make())
  for (const token of made) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  const { group } = hsm.groups.memberOf(made[0]!.path)!
  for (const token of made.slice(1)) await hsm.groups.join(caller, token.path, group)
  return group
}

/** @returns the port */
async function listening(hsm: Hsm, caller: Caller): Promise<number> {
  const app = buildApp({
    log: createLog('error'),
    secure: false,
    hsm,
    leases: new Leases(hsm.devices),
    patienceMs: 12_000,
    lendingPatienceMs: 20_000,
    authenticate: () => caller,
    draining: () => false,
    serve: listener => createServer(listener),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-bench-'))
  heading('The audit log: SQLite')
  await measure(`sqlite:${join(folder, 'audit.db')}`)
  rmSync(folder, { recursive: true })
  heading('The audit log: PostgreSQL')
  const missing = missingPeers(['postgres'])
  if (missing !== undefined) return console.log(`not measured: ${missing}`)
  const cluster = await startCluster()
  await measure(cluster.createDatabase())
  await cluster.end()
}

async function measure(url: string): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, 'service', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const agent = new Agent({ keepAlive: true })
  try {
    const [line] = await once(createInterface(child.stdout!), 'line', { signal: AbortSignal.timeout(60_000) })
    const [recorded, not] = String(line).split(' ').map(Number) as [number, number]
    for (const clients of [1, 64]) {
      const signing = (port: number) => () =>
        Promise.all(Array.from({ length: clients }, () => signRequest(agent, port, '/v1/keys/web/sign', body)))
      const rates: [number[], number[]] = [[], []]
      // In turns, so that what else the machine does is shared fairly.
      for (let round = 0; round < rounds; round++) {
        for (const [index, port] of [not, recorded].entries())
          rates[index]!.push(clients * (await rate(signing(port), 1)))
      }
      const [without, withRecord] = rates.map(median) as [number, number]
      const name = clients === 1 ? 'signatures, one client' : `signatures, ${clients} clients`
      print({ name, value: withRecord, unit: '/s', beside: { name: 'not on record', value: without } })
      const cost = 1_000_000 * (1 / withRecord - 1 / without)
      print({ name: `${name}: a record costs`, value: cost, unit: 'µs' })
    }
  } finally {
    agent.destroy()
    child.kill()
    await once(child, 'exit')
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
