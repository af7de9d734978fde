import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { BenchToken, GroupBench, until } from '@keytether/test/group-bench'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from './caller.ts'

const { signal } = new AbortController()
const login = { credential: 'test', address: '127.0.0.1' }
const root: Caller = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login }

async function office(hsm: Hsm): Promise<Caller> {
  const { credential } = await hsm.tenants.create(root, 'office', 'ann')
  return (await hsm.logins.byToken(credential.token, '127.0.0.1')) ?? assert.fail('no way in')
}

eachDatabase((_, open) => {
  test('limits are set, changed one by one, taken away, and told to root and to the tenant', async () => {
    const database = await open()
    {
      await using hsm = await openHsm({ devices: { roots: [] }, database })
      const ann = await office(hsm)
      assert.deepEqual(hsm.limits.of(ann.tenant), {})
      const change = (limits: Parameters<typeof hsm.limits.change>[2]) => hsm.limits.change(root, 'office', limits)
      await change({ keys: 5, devices: 2, rates: { use: { perSecond: 9, atOnce: 3 } } })
      await change({ keys: null, bodyBytes: 4096, rates: { use: { atOnce: null }, read: { perSecond: 1 } } })
      const limits = { devices: 2, bodyBytes: 4096, rates: { use: { perSecond: 9 }, read: { perSecond: 1 } } }
      assert.deepEqual(hsm.limits.of(ann.tenant), limits)
      const used = { devices: 0, groups: 0, keys: 0, principals: 1 }
      assert.deepEqual(await hsm.limits.usage(ann), { id: ann.tenant, name: 'office', limits, used })
      const told = await hsm.events.list(ann, { types: ['tenant.limited'] } as never, { limit: 9 })
      assert.deepEqual(
        told.items.map(({ data }) => data),
        [{ limits }, { limits: { devices: 2, keys: 5, rates: { use: { perSecond: 9, atOnce: 3 } } } }],
      )
      await assert.rejects(hsm.limits.usage(root), { code: 'FORBIDDEN' })
      await assert.rejects(hsm.limits.change(root, 'nobody', {}), { code: 'NOT_FOUND' })
    }
    await using hsm = await openHsm({ devices: { roots: [] }, database })
    const { items } = await hsm.tenants.list({ limit: 9 })
    const { id } = items.find(({ name }) => name === 'office')!
    assert.deepEqual(hsm.limits.of(id).rates, { use: { perSecond: 9 }, read: { perSecond: 1 } })
    await hsm.limits.change(root, id, { devices: null, bodyBytes: null, rates: { use: null, read: null } })
    assert.deepEqual(hsm.limits.of(id), {})
    await hsm.tenants.delete(root, 'office')
  })

  test('of principals and groups there are as many as may be, however many are made at once', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const ann = await office(hsm)
    await hsm.limits.change(root, 'office', { principals: 4, groups: 2 })
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const codes = (outcomes: PromiseSettledResult<unknown>[]) =>
      outcomes.map(one => (one.status === 'fulfilled' ? 'made' : one.reason.code)).toSorted()
    const settings = { roles: ['operator'], tags: [] } as const
    const principals = await Promise.allSettled(names.map(name => hsm.principals.create(ann, name, settings)))
    assert.deepEqual(codes(principals), [...Array(3).fill('QUOTA_EXCEEDED'), ...Array(3).fill('made')])
    const groups = await Promise.allSettled(names.map(name => hsm.groups.create(ann, { name })))
    assert.deepEqual(codes(groups), [...Array(4).fill('QUOTA_EXCEEDED'), ...Array(2).fill('made')])
    const message =
      /^the tenant may have 2 groups and has them: let go of one, or ask whoever runs the service for more$/
    await assert.rejects(hsm.groups.create(ann, { name: 'more' }), { code: 'QUOTA_EXCEEDED', message })
    // Less than there are takes none away.
    await hsm.limits.change(root, 'office', { groups: 1 })
    const [first] = await hsm.groups.list(ann)
    await hsm.groups.delete(ann, first!.id)
    await assert.rejects(hsm.groups.create(ann, { name: 'more' }), { code: 'QUOTA_EXCEEDED' })
    await hsm.limits.change(root, 'office', { groups: null })
    await hsm.groups.create(ann, { name: 'more' })
  })

  test('a key that is erased leaves room for another, one that can be restored does not', async () => {
    await using bench = await GroupBench.open(await open())
    await bench.join('pair', await BenchToken.make())
    const { hsm, caller } = bench
    await hsm.limits.change(root, 'main', { keys: 1 })
    const make = (name: string) =>
      hsm.keys.create(caller, { name, group: 'pair', type: { kind: 'EC', curve: 'secp256r1' } }, signal)
    await make('web')
    await assert.rejects(make('mail'), { code: 'QUOTA_EXCEEDED' })
    await hsm.keys.change(caller, 'web', 'destroy', {})
    await assert.rejects(make('mail'), { code: 'QUOTA_EXCEEDED' })
    await hsm.keys.change(caller, 'web', 'restore', {})
    await hsm.keys.change(caller, 'web', 'destroy', { restorableMs: 0 })
    await make('mail')
    const { used } = await hsm.limits.usage(caller)
    assert.deepEqual([used.keys, used.devices], [1, 1])
  })

  test('a device beyond the limit waits in quarantine, and spends no enrolment', async () => {
    await using bench = await GroupBench.open(await open())
    const { hsm } = bench
    const ann = await office(hsm)
    await hsm.limits.change(root, 'office', { devices: 1 })
    const { secret } = await hsm.enrolments.create(ann, { name: 'two', uses: 2 })
    const [first, second] = [await BenchToken.make(), await BenchToken.make()]
    const plug = async (token: BenchToken) => {
      const session = hsm.devices.attach(await token.plug(), { enrolment: secret })
      await session.settled()
      return session
    }
    assert.equal((await plug(first)).state, 'ready')
    const waiting = await plug(second)
    assert.deepEqual([waiting.state, /^in quarantine/.test(waiting.reason!)], ['secured', true])
    const [enrolment] = await hsm.enrolments.list(ann)
    assert.equal(enrolment!.uses_left, 1)
    const told = await hsm.events.list(ann, { types: ['device.over-quota'] } as never, { limit: 9 })
    assert.deepEqual(
      told.items.map(({ data }) => data),
      [{ path: second.path }],
    )
    await hsm.limits.change(root, 'office', { devices: 2 })
    await until(async () => (await plug(second)).state === 'ready')
    assert.equal((await hsm.limits.usage(ann)).used.devices, 2)
  })
})
