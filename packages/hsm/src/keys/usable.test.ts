import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { deviceIdentity } from '@keytether/test/device-identity'
import { ecKey, SmallToken } from '@keytether/test/small-token'
import { useOnMember } from '../cryptography/members.ts'
import type { Foundation } from '../foundation.ts'
import { History } from '../history/history.ts'
import type { Caller } from '../principals/caller.ts'
import { Pools } from '../scheduler/pools.ts'
import { Devices } from '../sessions/devices.ts'
import { openStore } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { Keys } from './keys.ts'
import type { Purpose } from './usable.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const operator: Caller = { principal: 'prn_1', name: 'web', tenant: 'tnt_1', roles: ['operator'], tags: ['pki'], login }
const at = 1_700_000_000_000

/** A token with the keys 01, 02, …, each a version of the key `web` in the state given. */
async function open(
  t: { after(done: () => Promise<void>): void },
  states: readonly Row<'key_versions'>['state'][],
  tags: string[] = [],
) {
  const identity = deviceIdentity()
  const devices = new Devices({ roots: [identity.root] })
  const token = new SmallToken({ identity, keys: states.map((_, index) => ({ id: `0${index + 1}`, key: ecKey() })) })
  const device = devices.attach(token)
  while (device.state !== 'ready') await once(devices.events, 'change')

  const store = await openStore('sqlite::memory:')
  const now = () => at
  const pools = new Pools(devices, () => 'grp_1')
  const foundation: Foundation = { store, history: new History(store, now), devices, pools, now }
  await store.write(async db => {
    await db.insertInto('tenants').values({ id: 'tnt_1', name: 'main', created_at: at }).execute()
    await db
      .insertInto('groups')
      .values({ id: 'grp_1', tenant_id: 'tnt_1', name: 'pair', key_domain: null, created_at: at, revision: 1 })
      .execute()
    await db
      .insertInto('keys')
      .values({
        ...{ id: 'key_1', tenant_id: 'tnt_1', group_id: 'grp_1', name: 'web', kind: 'EC', parameter: 'secp256r1' },
        ...{ algorithms: '[]', tags: JSON.stringify(tags), durability: 1, primary_version: states.length },
        ...{ use_counter: null, rotate_after: null },
        ...{ created_at: at, revision: 1 },
      })
      .execute()
    for (const [index, state] of states.entries()) {
      await db
        .insertInto('key_versions')
        .values({
          ...{ id: `kv_${index + 1}`, key_id: 'key_1', version: index + 1, state, state_since: at, reason: null },
          ...{ card_key_id: `0${index + 1}`, label: 'web', public_key: null, identity: device.keys[index]!.identity },
          ...{
            wrapped: null,
            key_domain: null,
            attestation: null,
            certificate: null,
            other_state: 'active',
            adopted: 0,
            destroy_at: null,
            uses: 0,
            last_used_at: null,
            created_at: at,
          },
        })
        .execute()
    }
  })
  const keys = await Keys.open(foundation, { ensure: () => assert.fail('nothing is made') })
  t.after(async () => {
    await keys[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  })
  return { keys, store, device, foundation }
}

test('the primary version signs, and where it is', async t => {
  const { keys, device } = await open(t, ['deactivated', 'active'])
  for (const name of ['web', 'key_1']) {
    const { key, version, instances } = keys.usable(operator, name, 'sign')
    assert.deepEqual([key.id, version.version, [...instances.keys()]], ['key_1', 2, [device.id]])
    assert.equal(instances.get(device.id!)!.reference, 2)
  }
})

test('which states allow what', async t => {
  const states = ['pre-active', 'active', 'suspended', 'deactivated', 'destroyed', 'creating'] as const
  const { keys } = await open(t, states)
  const allowed = (purpose: Purpose) =>
    states.filter((_, index) => {
      try {
        keys.usable(operator, 'web', purpose, index + 1)
        return true
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'WRONG_STATE')
        return false
      }
    })
  for (const purpose of ['sign', 'encrypt', 'mac', 'derive'] as const) assert.deepEqual(allowed(purpose), ['active'])
  for (const purpose of ['decrypt', 'verify'] as const) assert.deepEqual(allowed(purpose), ['active', 'deactivated'])
})

test('all versions that may decrypt, the primary one first', async t => {
  const { keys } = await open(t, ['deactivated', 'active', 'suspended', 'active'])
  const versions = keys.versionsFor(operator, 'web', 'decrypt').map(({ version }) => version.version)
  assert.deepEqual(versions, [4, 2, 1])
})

test('who may not, and what is not there', async t => {
  const { keys, device } = await open(t, ['active'], ['pki', 'mail'])
  const web =
    (caller: Partial<Caller>, ...rest: [number?]) =>
    () =>
      keys.usable({ ...operator, ...caller }, 'web', 'sign', ...rest)
  web({})()
  assert.throws(web({ tags: ['dns'] }), { code: 'FORBIDDEN', message: /tags pki, mail/ })
  assert.throws(web({ tags: [] }), { code: 'FORBIDDEN' })
  assert.throws(web({ tenant: 'tnt_2' }), { code: 'NOT_FOUND' })
  assert.throws(web({ tenant: null }), { code: 'NOT_FOUND' })
  assert.throws(web({}, 2), { code: 'NOT_FOUND', message: 'key web has no version 2' })
  assert.throws(() => keys.usable(operator, 'mail', 'sign'), { code: 'NOT_FOUND', message: 'there is no key mail' })
  device.close('pulled')
  assert.throws(web({}), { code: 'NO_DEVICE', retryAfterMs: 2000 })
})

test('what waits for a device is not done with a version that is suspended meanwhile, and is with one that was replaced', async t => {
  const { keys, device, foundation } = await open(t, ['active', 'active'])
  const never = new AbortController().signal
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  const before = device.run(() => over, never)
  const sign = (version: number) => {
    const use = { verb: 'sign', run: async () => version }
    return useOnMember({ ...foundation, keys }, keys.usable(operator, 'web', 'sign', version), use, never)
  }
  const waiting = Promise.allSettled([sign(1), sign(2)])
  await keys.change(operator, 'web', 'deactivate', { version: 1 })
  await keys.change(operator, 'web', 'suspend', { version: 2 })
  end()
  await before
  const [replaced, suspended] = await waiting
  assert.equal(replaced.status, 'fulfilled')
  assert.match(suspended.status === 'rejected' ? suspended.reason.message : '', /withdrawn while .* 2 is suspended/)
})

test('uses are written for all keys at once', async t => {
  const { keys, store } = await open(t, ['active', 'active'])
  keys.uses.add('kv_1')
  keys.uses.add('kv_1', 2)
  keys.uses.add('kv_2')
  assert.equal(keys.uses.pending('kv_1').uses, 3)
  await keys.uses.flush()
  const rows = await store.db.selectFrom('key_versions').select(['uses', 'last_used_at']).orderBy('version').execute()
  assert.deepEqual(
    rows.map(row => [row.uses, row.last_used_at]),
    [
      [3, at],
      [1, at],
    ],
  )
})
