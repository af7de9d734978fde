import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HsmError, Leases, openHsm } from '@keytether/hsm'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

async function service(database?: string, masterKey?: { key: Uint8Array }) {
  const hsm = await openHsm({ devices: { roots: [] }, database, masterKey })
  let draining = false
  const app = buildApp({
    ...{ log: createLog('silent'), secure: false, hsm, leases: new Leases(hsm.devices) },
    ...{ patienceMs: 1_000, lendingPatienceMs: 1_000, authenticate: () => undefined },
    draining: () => draining,
    serve: listener => createServer(listener),
  })
  const ask = async (path: string) => {
    const { statusCode, body } = await app.inject({ url: path })
    return [statusCode, JSON.parse(body)] as const
  }
  const drain = () => {
    draining = true
  }
  return { hsm, ask, drain, [Symbol.asyncDispose]: () => app.close().then(() => hsm[Symbol.asyncDispose]()) }
}

test('ready, until it drains: then it says so to who asks how it is, and turns others away', async () => {
  await using open = await service()
  assert.deepEqual(await open.ask('/health/alive'), [200, { alive: true, secrets: 'open' }])
  assert.deepEqual(await open.ask('/health/ready'), [200, { ready: true, reasons: [] }])
  const startedAt = new Date(open.hsm.startedAt).toISOString()
  const state = { state: 'operational', reasons: [], secrets: 'open', startedAt }
  assert.deepEqual(await open.ask('/health/state'), [200, state])
  open.drain()
  const reasons = ['the service is about to end']
  assert.deepEqual(await open.ask('/health/ready'), [503, { ready: false, reasons }])
  assert.deepEqual(await open.ask('/health/state'), [200, { ...state, state: 'draining', reasons }])
  assert.equal((await open.ask('/health/alive'))[0], 200)
  const [status, { code }] = await open.ask('/v1/me')
  assert.deepEqual([status, code], [503, 'SHUTTING_DOWN'])
})

test('not ready while it is sealed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-health-'))
  const database = `sqlite:${join(folder, 'db')}`
  await using _ = { [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) }
  await (await service(database, { key: new Uint8Array(32) }))[Symbol.asyncDispose]()
  await using sealed = await service(database)
  const reasons = ['nobody has given it its master key: keytether service unseal']
  assert.deepEqual(await sealed.ask('/health/ready'), [503, { ready: false, reasons }])
  const [status, { state, secrets }] = await sealed.ask('/health/state')
  assert.deepEqual([status, state, secrets], [200, 'sealed', 'sealed'])
})

test('not ready while the database does nothing; that it is busy is no reason', async t => {
  await using lost = await service()
  const failing = t.mock.method(lost.hsm.store, 'write', async () => {
    throw new HsmError('DATABASE', 'connection to 10.0.0.1 refused')
  })
  // Who runs it reads the log; everybody else does not learn where the database is.
  assert.deepEqual(await lost.ask('/health/ready'), [503, { ready: false, reasons: ['the database does not answer'] }])
  failing.mock.restore()
  await using busy = await service()
  t.mock.method(busy.hsm.store, 'write', async () => {
    throw new HsmError('BUSY', 'too much to do')
  })
  assert.equal((await busy.ask('/health/ready'))[0], 200)
})

test('however many ask, the database is asked once a second', async t => {
  await using open = await service()
  const write = t.mock.method(open.hsm.store, 'write')
  await Promise.all(Array.from({ length: 20 }, () => open.ask('/health/ready')))
  assert.equal(write.mock.callCount(), 1)
})
