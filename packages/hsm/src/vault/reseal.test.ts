import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decode, toHex } from '@keytether/codec'
import { eachDatabase } from '@keytether/test/databases'
import { type Hsm, openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { openStore } from '../store/store.ts'
import { type SealedSecret, sealedSecrets } from './places.ts'
import { Sealed } from './sealed.ts'

const master = { key: new Uint8Array(32).fill(9) }
const login = { credential: 'token ann/first', address: '' }
const caller: Caller = { principal: 'prn_1', name: 'ann', tenant: 'tnt_1', roles: ['administrator'], tags: [], login }
const bytes = (text: string) => new TextEncoder().encode(text)
const start = (database: string) => openHsm({ devices: { roots: [] }, database, masterKey: master })
const rotator = fileURLToPath(new URL('../../../../test/support/data-key-rotator.ts', import.meta.url))

/** One secret in each place where there is one, some where there are many, and beside them what is not sealed. */
async function fill({ store, vault }: Hsm, count: number): Promise<void> {
  const device = {
    path: 'X',
    state: 'claimed',
    priority: 0,
    standby: 0,
    pin_refused: 0,
    facts: '{}',
    created_at: 0,
    revision: 1,
  } as const
  const pin = vault.seal({ table: 'devices', column: 'pin', row: 'dev_1' }, bytes('648219'))
  const key = vault.seal({ table: 'settings', column: 'value', row: 'signing-key' }, bytes('a key'))
  await store.write(async db => {
    await db
      .insertInto('devices')
      .values({ ...device, id: 'dev_1', pin })
      .execute()
    await db
      .insertInto('devices')
      .values({ ...device, id: 'dev_2', path: 'Y', pin: null })
      .execute()
    await db
      .insertInto('settings')
      .values({ name: 'signing-key', value: toHex(key) })
      .execute()
    await db
      .insertInto('settings')
      .values({ name: 'hash', value: '01'.repeat(32) })
      .execute()
    for (let n = 0; n < count; n++) {
      const sealed = (column: 'request_hash' | 'answer') =>
        Buffer.from(vault.seal({ table: 'idempotency', column, row: `prn_1 ${n}` }, bytes(column))).toString('base64')
      const kept = { request_hash: sealed('request_hash'), answer: sealed('answer') }
      await db
        .insertInto('idempotency')
        .values({ principal_id: 'prn_1', idempotency_key: String(n), status: 200, created_at: 0, ...kept })
        .execute()
    }
    const plain = { request_hash: 'ab'.repeat(32), answer: '{"name":"x"}' }
    await db
      .insertInto('idempotency')
      .values({ principal_id: 'prn_2', idempotency_key: 'x', status: 200, created_at: 0, ...plain })
      .execute()
  })
}

async function secretsOf({ store }: Pick<Hsm, 'store'>): Promise<SealedSecret[]> {
  const secrets: SealedSecret[] = []
  for await (const secret of sealedSecrets(store.db)) secrets.push(secret)
  return secrets
}

const keysOf = (secrets: readonly SealedSecret[]) =>
  new Set(secrets.map(({ sealed }) => toHex(decode(Sealed, sealed).keyId)))

eachDatabase((_, open) => {
  test('everything is sealed anew, and what is being sealed meanwhile is opened, too', async () => {
    const url = await open()
    let old: Uint8Array
    {
      await using hsm = await start(url)
      await fill(hsm, 600)
      const before = await secretsOf(hsm)
      assert.equal(before.length, 2 + 2 * 600)
      const place = { table: 'devices', column: 'pin', row: 'dev_2' } as const
      old = hsm.vault.seal(place, bytes('731508'))
      assert.equal(await hsm.vault.rotateDataKey(caller, master), before.length)
      const after = await secretsOf(hsm)
      assert.equal(keysOf(after).size, 1)
      assert.ok(!keysOf(before).has([...keysOf(after)][0]!))
      for (const { place, sealed } of after) hsm.vault.open(place, sealed)
      assert.deepEqual(hsm.vault.open(place, old), bytes('731508'))
      await hsm.store.write(db => db.updateTable('devices').set({ pin: old }).where('id', '=', 'dev_2').execute())
      await assert.rejects(hsm.vault.rotateDataKey(caller, { key: new Uint8Array(32) }), { code: 'INVALID' })
    }
    await using hsm = await start(url)
    const secrets = await secretsOf(hsm)
    assert.equal(keysOf(secrets).size, 1)
    for (const { place, sealed } of secrets) hsm.vault.open(place, sealed)
    // Nothing is under the one before any more, and it is gone.
    assert.throws(() => hsm.vault.open({ table: 'devices', column: 'pin', row: 'dev_2' }, old), { code: 'DATABASE' })
    const { value } = await hsm.store.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'vault')
      .executeTakeFirstOrThrow()
    assert.deepEqual(Object.keys(JSON.parse(value)), ['version', 'derivation', 'dataKey'])
  })

  test('twice in a row, with the master key changed in between, and something damaged', async () => {
    const url = await open()
    const next = { passphrase: 'correct horse battery staple' }
    {
      await using hsm = await start(url)
      await fill(hsm, 1)
      await hsm.store.write(db =>
        db
          .updateTable('idempotency')
          .set({ answer: Buffer.concat([Buffer.from([1]), Buffer.alloc(60)]).toString('base64') })
          .where('principal_id', '=', 'prn_1')
          .execute(),
      )
      await hsm.vault.rotateDataKey(caller, master)
      await hsm.vault.changeMasterKey(caller, master, next)
      assert.equal(await hsm.vault.rotateDataKey(caller, next), 3)
    }
    await using hsm = await openHsm({ devices: { roots: [] }, database: url, masterKey: next })
    const whole = (await secretsOf(hsm)).filter(({ place }) => place.column !== 'answer')
    for (const { place, sealed } of whole) hsm.vault.open(place, sealed)
  })

  test('killed meanwhile, it goes on at the next start', async () => {
    const url = await open()
    {
      await using hsm = await start(url)
      await fill(hsm, 600)
    }
    // The first write is that of the new key.
    for (const writes of [1, 4]) {
      const child = spawn(process.execPath, [rotator, url, String(writes)], { stdio: 'inherit' })
      assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
      await using store = await openStore(url)
      const keys = keysOf(await secretsOf({ store }))
      assert.equal(keys.size, writes === 1 ? 1 : 2, `after ${writes}`)
    }
    await using hsm = await start(url)
    const secrets = await secretsOf(hsm)
    assert.equal(secrets.length, 2 + 2 * 600)
    assert.equal(keysOf(secrets).size, 1)
    for (const { place, sealed } of secrets) hsm.vault.open(place, sealed)
  })
})
