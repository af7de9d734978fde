import assert from 'node:assert/strict'
import test from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { openHsm } from './hsm.ts'
import { newId } from './store/ids.ts'

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
})
