/**
 * What the REST API costs: signatures with tokens that answer at once, beside an operation of the same contract that does nothing. The
 * service has a process of its own, with the tokens in it; this one is the applications.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { operations } from '@keytether/api'
import { emulatorRoot } from '@keytether/emulator'
import { type Caller, Leases, openHsm } from '@keytether/hsm'
import { createLog } from '@keytether/server'
import { GroupToken } from '@keytether/test/token-group'
import { api } from '../packages/server/src/api.ts'
import { buildApp } from '../packages/server/src/app.ts'
import { heading, print, rate } from './report.ts'
import { signRequest } from './sign-request.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const clients = 32
const tokens = 4
const never = new AbortController().signal

if (process.argv[2] === 'service') await service()
else await main()

async function service(): Promise<void> {
  const hsm = await openHsm({ devices: { roots: [emulatorRoot] } })
  const roles = ['administrator', 'manager', 'operator'] as const
  const caller: Caller = { principal: 'prn_bench', name: 'bench', tenant: hsm.tenants.main, roles, tags: [], login }
  const log = createLog('error')
  const authenticate = () => caller
  const app = buildApp({
    log,
    secure: false,
    hsm,
    leases: new Leases(hsm.devices),
    patienceMs: 12_000,
    lendingPatienceMs: 20_000,
    authenticate,
    draining: () => false,
    serve: listener => createServer(listener),
  })
  // The same schema, log-in and limits, and no work.
  const { body, answer } = operations.sign
  const nothing = { signature: 'A'.repeat(86), algorithm: 'ES256', format: 'jose', key: 'web', version: 1 }
  const route = { method: 'POST', path: '/keys/:key/sign', body, answer, run: () => nothing } as const
  const audit = { record: async () => {} }
  app.register(api({ routes: [route], domain: undefined, authenticate, audit, patienceMs: 12_000 }), {
    prefix: '/nothing',
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const group = await members(hsm, caller)
  await hsm.keys.create(
    caller,
    { name: 'web', group, type: { kind: 'EC', curve: 'secp256r1' }, durability: tokens },
    never,
  )

  console.log((app.server.address() as AddressInfo).port)
}

/** @returns the id of a group that all of them are in */
async function members(hsm: Awaited<ReturnType<typeof openHsm>>, caller: Caller): Promise<string> {
  const made: GroupToken[] = []
  for (let i = 0; i < tokens; i++) made.push(await GroupToken.make())
  for (const token of made) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  const { group } = hsm.groups.memberOf(made[0]!.path)!
  for (const token of made.slice(1)) await hsm.groups.join(caller, token.path, group)
  return group
}

async function main(): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, 'service'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(createInterface(child.stdout!), 'line', { signal: AbortSignal.timeout(60_000) })
    const port = Number(line)
    const agent = new Agent({ keepAlive: true })
    const digest = createHash('sha256').update('bench').digest('base64')
    const body = JSON.stringify({ digest, algorithm: 'ES256' })
    const together = (folder: string) => () =>
      Promise.all(Array.from({ length: clients }, () => signRequest(agent, port, `${folder}/keys/web/sign`, body)))

    heading(`The REST API, ${tokens} tokens that answer at once, ${clients} clients`)
    const empty = { name: 'nothing done', value: clients * (await rate(together('/nothing'))) }
    print({
      name: 'POST /v1/keys/{key}/sign',
      value: clients * (await rate(together('/v1'))),
      unit: '/s',
      beside: empty,
    })
    agent.destroy()
  } finally {
    child.kill()
  }
}
