import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { eachDatabase } from '@keytether/test/databases'
import { openHsm } from './hsm.ts'
import { newId } from './store/ids.ts'

const login = { credential: 'test', address: '127.0.0.1' }

eachDatabase((_, open) => {
  test('what is changed is there, and told', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const told: string[] = []
    hsm.history.events.on('event', event => told.push(event.type))
    const id = await hsm.history.write(async db => {
      const id = newId('tnt')
      await db.insertInto('tenants').values({ id, name: 'office', created_at: hsm.now() }).execute()
      return { value: id, happened: [{ tenant: null, type: 'tenant.created', subject: id, data: { name: 'office' } }] }
    })
    const tenants = await hsm.store.db.selectFrom('tenants').selectAll().where('id', '=', id).execute()
    const events = await hsm.store.db.selectFrom('events').selectAll().where('subject', '=', id).execute()
    assert.deepEqual(
      tenants.map(one => [one.id, one.name]),
      [[id, 'office']],
    )
    assert.deepEqual(
      events.map(one => [one.type, one.subject, one.data]),
      [['tenant.created', id, '{"name":"office"}']],
    )
    assert.deepEqual(told, ['tenant.created'])
  })

  test('what may have been committed is read again', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const root = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login } as const
    const { id: tenant_id, administrator, credential } = await hsm.tenants.create(root, 'office', 'ann')
    const ann = (await hsm.logins.byToken(credential.token, '127.0.0.1'))!
    assert.equal(ann.principal, administrator.id)
    // As by a change of which only the database knows what became of it.
    await hsm.store.write(async db => {
      await db.updateTable('principals').set({ disabled_at: 1 }).where('id', '=', ann.principal).execute()
      const device = { id: 'dev_1', path: 'A.B.C', tenant_id, group_id: null, name: 'c', state: 'claimed' } as const
      const more = { priority: 0, standby: 0, pin: null, pin_refused: 0, facts: '{}', last_seen_at: null }
      await db
        .insertInto('devices')
        .values({ ...device, ...more, created_at: 1, revision: 1 })
        .execute()
    })
    assert.deepEqual(
      [(await hsm.logins.byToken(credential.token, '127.0.0.1'))?.name, hsm.registry.list(ann)],
      ['ann', []],
    )
    hsm.store.events.emit('doubt')
    for (let tries = 0; hsm.registry.list(ann).length === 0 && tries < 500; tries++) await setTimeout(10)
    assert.deepEqual(
      [await hsm.logins.byToken(credential.token, '127.0.0.1'), hsm.registry.list(ann).length],
      [undefined, 1],
    )
  })
})
