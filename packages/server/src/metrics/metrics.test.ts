/** The figures of a service with two emulated tokens in a group, read by Prometheus' own tool. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { emulatorRoot } from '@keytether/emulator'
import { type Caller, Leases, openHsm, type Role } from '@keytether/hsm'
import { requirePeers } from '@keytether/test/peers'
import { GroupToken } from '@keytether/test/token-group'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

const hsm = await openHsm({ devices: { roots: [emulatorRoot] } })
const main: Caller = {
  ...{ principal: 'prn_test', name: 'tester', tenant: hsm.tenants.main, tags: [] },
  login: { credential: 'test', address: '127.0.0.1' },
  roles: ['administrator', 'manager', 'operator'],
}
let asking: Caller | undefined
const app = buildApp({
  ...{ log: createLog('silent'), secure: false, hsm, leases: new Leases(hsm.devices) },
  ...{ patienceMs: 10_000, lendingPatienceMs: 1_000, authenticate: () => asking, draining: () => false },
  serve: listener => createServer(listener),
})
const tokens = [await GroupToken.make(), await GroupToken.make()] as const

async function scrape(caller: Caller | undefined) {
  asking = caller
  const { statusCode, headers, body } = await app.inject({ url: '/metrics' })
  return { statusCode, type: headers['content-type'], body }
}

function as(tenant: string | null, role: Role): Caller {
  return { ...main, tenant, roles: [role] }
}

before(async () => {
  for (const token of tokens) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  const group = hsm.groups.memberOf(tokens[0].path)!.group
  await hsm.groups.join(main, tokens[1].path, group)
  await hsm.groups.rename(main, group, 'office')
  for (const [index, name] of ['left', 'right'].entries())
    await hsm.registry.update(main, tokens[index]!.path, { name })
  const type = { kind: 'EC', curve: 'secp256r1' } as const
  await hsm.keys.create(main, { name: 'web', group, type, useCounter: undefined }, AbortSignal.timeout(30_000))
  asking = main
  const payload = { message: Buffer.from('hello').toString('base64') }
  for (let i = 0; i < 3; i++) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/v1/keys/web/sign', payload })
    assert.equal(statusCode, 200)
  }
  await app.inject({ method: 'POST', url: '/v1/keys/nothing/sign', payload })
})
after(async () => {
  await app.close()
  hsm.devices.close('the test is over')
  await hsm[Symbol.asyncDispose]()
})

test('Prometheus reads them and finds nothing to say', async t => {
  if (!requirePeers(t, ['promtool'])) return
  const { statusCode, type, body } = await scrape(as(hsm.tenants.main, 'metrics'))
  assert.deepEqual([statusCode, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
})

test('what was asked, what the devices did, and how they are', async () => {
  const { body } = await scrape(as(hsm.tenants.main, 'metrics'))
  const lines = body.split('\n')
  const value = (line: string) =>
    Number(
      lines
        .find(one => one.startsWith(`${line} `))
        ?.split(' ')
        .at(-1),
    )
  const signing = 'operation="POST /v1/keys/{key}/sign"'
  assert.equal(value(`keytether_requests_total{${signing},status="200",outcome="OK"}`), 3)
  assert.equal(value(`keytether_requests_total{${signing},status="404",outcome="NOT_FOUND"}`), 1)
  assert.equal(value('keytether_requests_in_progress'), 1)
  assert.equal(value('keytether_key_uses{key="web",version="1"}'), 3)
  assert.equal(value('keytether_group_members_operational{group="office"}'), 2)
  assert.equal(value('keytether_group_least_copies{group="office"}'), 2)
  assert.equal(value('keytether_group_keys{group="office",consistency="ok"}'), 1)
  assert.equal(value('keytether_device_ready{device="left",group="office"}'), 1)
  assert.equal(value('keytether_device_pin_tries_left{device="left",pin="so"}'), 15)
  assert.ok(value('keytether_device_free_memory_bytes{device="right"}') > 0)
  assert.ok(value('keytether_store_writes_total') > 0)
  const labels = (device: string) => `{device="${device}",operation="sign",key_type="EC secp256r1"}`
  for (const figure of ['keytether_device_wait_seconds', 'keytether_device_operation_seconds']) {
    const counts = ['left', 'right'].map(device => value(`${figure}_count${labels(device)}`) || 0)
    assert.equal(counts[0]! + counts[1]!, 3, figure)
  }
  assert.ok(lines.some(line => line.startsWith('keytether_device_chip_seconds{device="left"')))
})

test('a member that is gone is missing in the figures at once', async () => {
  tokens[1].pull()
  const { path } = tokens[1]
  hsm.devices.session(path)!.close('pulled')
  const { body } = await scrape(as(hsm.tenants.main, 'metrics'))
  assert.match(body, /^keytether_group_members_operational\{group="office"\} 1$/m)
  assert.match(body, /^keytether_device_ready\{device="right",group="office"\} 0$/m)
  assert.match(body, /^keytether_device_state\{device="right",state="offline"\} 1$/m)
  const { statusCode, body: health } = await (async () => {
    asking = as(hsm.tenants.main, 'metrics')
    return app.inject({ url: '/v1/health' })
  })()
  const { state, reasons, groups } = JSON.parse(health)
  assert.deepEqual([statusCode, state, groups[0].members, groups[0].operational], [200, 'degraded', 2, 1])
  assert.match(reasons[0], /^group office: right: it is offline: pulled$/)
})

test('each tenant for itself, those of the service for who runs it, and none for others', async () => {
  const other = await hsm.tenants.create(
    { ...main, tenant: null, roles: ['root'], principal: 'prn_root' },
    'other',
    'ann',
  )
  const { body: theirs, statusCode } = await scrape(as(other.id, 'metrics'))
  assert.equal(statusCode, 200)
  assert.doesNotMatch(theirs, /left|right|office|web|keytether_requests_total|process_cpu/)
  const { body: root } = await scrape(as(null, 'root'))
  assert.match(root, /keytether_requests_total/)
  assert.doesNotMatch(root, /device="|group="|key="/)
  assert.equal((await scrape(as(hsm.tenants.main, 'operator'))).statusCode, 403)
  assert.equal((await scrape(undefined)).statusCode, 401)
})
