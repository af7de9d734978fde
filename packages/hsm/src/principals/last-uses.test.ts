import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../store/store.ts'
import { LastUses } from './last-uses.ts'

test('what cannot be written is kept, and written the next time', async () => {
  await using store = await openStore('sqlite::memory:')
  await store.write(async db => {
    await db.insertInto('tenants').values({ id: 'tnt_1', name: 'main', created_at: 1, addresses: null }).execute()
    const principal = { id: 'prn_1', tenant_id: 'tnt_1', name: 'web', roles: '[]', tags: '[]', revision: 1 }
    await db
      .insertInto('principals')
      .values({ ...principal, created_at: 1, disabled_at: null })
      .execute()
    const session = {
      id: 'ses_1',
      principal_id: 'prn_1',
      token_hash: '00',
      way: 'password',
      address: '127.0.0.1',
    } as const
    await db
      .insertInto('sessions')
      .values({ ...session, client: 'test', created_at: 1, expires_at: 100, last_used_at: 1 })
      .execute()
  })
  let broken = true
  const write: typeof store.write = change => (broken ? Promise.reject(new Error('no disk')) : store.write(change))
  const uses = new LastUses({ write } as typeof store, 'sessions')
  uses.note('ses_1', 7)
  await assert.rejects(uses.write(), /no disk/)
  assert.equal(uses.get('ses_1'), 7)
  broken = false
  await uses.write()
  assert.equal(uses.get('ses_1'), undefined)
  const { last_used_at } = await store.db.selectFrom('sessions').select('last_used_at').executeTakeFirstOrThrow()
  assert.equal(last_used_at, 7)
})
