import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import type { MasterKey } from './master-key.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const place = { table: 'devices', column: 'pin', row: 'dev_1' } as const
const secret = new TextEncoder().encode('648219')
const caller: Caller = { principal: 'prn_1', name: 'ann', tenant: 'tnt_1', roles: ['administrator'], tags: [], login }
const passphrase = { passphrase: 'correct horse battery staple' }
const key = { key: new Uint8Array(32).fill(9) }

eachDatabase((_, open) => {
  async function opener() {
    const database = await open()
    return (masterKey?: MasterKey): Promise<Hsm> => openHsm({ devices: { roots: [] }, database, masterKey })
  }

  for (const [name, master, wrong] of [
    ['a passphrase', passphrase, { passphrase: 'correct horse battery stable' }],
    ['a key', key, { key: new Uint8Array(32) }],
  ] as const) {
    test(`${name}: what is sealed is opened after a restart, with this one only`, async () => {
      const start = await opener()
      let sealed: Uint8Array
      {
        await using hsm = await start(master)
        assert.equal(hsm.vault.state, 'open')
        sealed = hsm.vault.seal(place, secret)
      }
      {
        await using hsm = await start(master)
        assert.deepEqual(hsm.vault.open(place, sealed), secret)
        assert.throws(() => hsm.vault.open({ ...place, row: 'dev_2' }, sealed), { code: 'DATABASE' })
      }
      await assert.rejects(start(wrong), { code: 'INVALID', message: /not the master key of this database/ })
      await assert.rejects(start(master === key ? passphrase : key), { code: 'INVALID', message: /master key .* is a/ })
    })
  }

  test('without a master key it is sealed until somebody gives it', async () => {
    const start = await opener()
    let sealed: Uint8Array
    {
      await using hsm = await start()
      assert.equal(hsm.vault.state, 'new')
      assert.throws(() => hsm.vault.seal(place, secret), { code: 'SEALED' })
      await hsm.vault.unseal(caller, passphrase)
      sealed = hsm.vault.seal(place, secret)
    }
    await using hsm = await start()
    assert.equal(hsm.vault.state, 'sealed')
    assert.throws(() => hsm.vault.open(place, sealed), { code: 'SEALED' })
    let told = 0
    hsm.vault.events.on('open', () => told++)
    await assert.rejects(hsm.vault.unseal(caller, { passphrase: 'not this one' }), { code: 'INVALID' })
    assert.equal(hsm.vault.state, 'sealed')
    const refused = await hsm.store.db
      .selectFrom('events')
      .select('actor')
      .where('type', '=', 'service.master-key-refused')
      .execute()
    assert.deepEqual(
      refused.map(({ actor }) => actor),
      ['prn_1'],
    )
    await hsm.vault.unseal(caller, passphrase)
    await hsm.vault.unseal(caller, passphrase)
    assert.deepEqual([hsm.vault.state, told], ['open', 1])
    assert.deepEqual(hsm.vault.open(place, sealed), secret)
    const events = await hsm.store.db.selectFrom('events').select(['type', 'actor']).orderBy('id').execute()
    const unsealed = events.filter(({ type }) => type === 'service.unsealed')
    assert.deepEqual(
      unsealed.map(({ actor }) => actor),
      ['prn_1', 'prn_1'],
    )
  })

  test('the master key is changed, and what is sealed stays', async () => {
    const start = await opener()
    let sealed: Uint8Array
    {
      await using hsm = await start(passphrase)
      sealed = hsm.vault.seal(place, secret)
      await assert.rejects(hsm.vault.changeMasterKey(caller, key, key), { code: 'INVALID' })
      await assert.rejects(hsm.vault.changeMasterKey(caller, passphrase, { passphrase: 'short' }), { code: 'INVALID' })
      await hsm.vault.changeMasterKey(caller, passphrase, key)
      assert.deepEqual(hsm.vault.open(place, sealed), secret)
    }
    await assert.rejects(start(passphrase), { code: 'INVALID' })
    await using hsm = await start(key)
    assert.deepEqual(hsm.vault.open(place, sealed), secret)
  })
})
