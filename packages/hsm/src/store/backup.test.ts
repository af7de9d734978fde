import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { requirePeers } from '@keytether/test/peers'
import { startCluster } from '@keytether/test/postgres'
import { openHsm } from '../hsm.ts'
import { backupDatabase } from './backup.ts'
import { openStore } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-backup-'))
after(() => rmSync(folder, { recursive: true }))
const at = (name: string) => `sqlite:${join(folder, name)}`

test('a copy of a database that is being written to is whole, and a service starts with it', async () => {
  const place = { table: 'devices', column: 'pin', row: 'dev_1' } as const
  const master = { passphrase: 'correct horse battery staple' }
  let sealed: Uint8Array
  {
    await using hsm = await openHsm({ devices: { roots: [] }, database: at('one.db'), masterKey: master })
    sealed = hsm.vault.seal(place, new Uint8Array([1, 2, 3]))
    let writing = true
    const write = async () => {
      for (let n = 0; writing; n++) {
        await hsm.store.write(async db => {
          for (const side of ['a', 'b']) {
            await db
              .insertInto('settings')
              .values({ name: `${side}${n}`, value: 'x' })
              .execute()
          }
        })
      }
    }
    const written = write()
    for (let round = 0; round < 3; round++) await backupDatabase(at('one.db'), join(folder, 'copy.db'))
    writing = false
    await written
  }
  assert.equal(statSync(join(folder, 'copy.db')).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(folder).filter(name => name.startsWith('copy')),
    ['copy.db'],
  )
  await using hsm = await openHsm({ devices: { roots: [] }, database: at('copy.db'), masterKey: master })
  assert.deepEqual(hsm.vault.open(place, sealed), new Uint8Array([1, 2, 3]))
  const names = await hsm.store.db.selectFrom('settings').select('name').execute()
  const count = (side: string) => names.filter(({ name }) => name.startsWith(side)).length
  assert.equal(count('a'), count('b'))
})

test('what is no database of ours is not called a copy', async () => {
  const copy = join(folder, 'none.db')
  await assert.rejects(backupDatabase(at('missing.db'), copy), { code: 'DATABASE', message: /cannot copy/ })
  await assert.rejects(backupDatabase('postgres://localhost/x', copy), { code: 'DATABASE', message: /pg_dump/ })
  await (await openStore(at('two.db')))[Symbol.asyncDispose]()
  await assert.rejects(backupDatabase(at('two.db'), join(folder, 'no', 'such', 'folder')), { code: 'DATABASE' })
  assert.ok(!existsSync(copy))
})

test('a copy that pg_dump made while a service was running, given back by pg_restore', async t => {
  if (!requirePeers(t, ['postgres'])) return
  const cluster = await startCluster()
  t.after(() => cluster.end())
  const dump = join(folder, 'keytether.dump')
  const program = (name: string, url: string, ...args: string[]) => {
    const [command = '', ...connection] = cluster.program(name, url)
    execFileSync(command, [...connection, ...args], { stdio: 'pipe' })
  }
  const url = cluster.createDatabase()
  let main: string
  {
    await using hsm = await openHsm({ devices: { roots: [] }, database: url, masterKey: { key: new Uint8Array(32) } })
    main = hsm.tenants.main
    program('pg_dump', url, '--format=custom', `--file=${dump}`)
  }
  const restored = cluster.createDatabase()
  program('pg_restore', restored, '--exit-on-error', dump)
  await using hsm = await openHsm({
    devices: { roots: [] },
    database: restored,
    masterKey: { key: new Uint8Array(32) },
  })
  assert.deepEqual([hsm.tenants.main, hsm.vault.state], [main, 'open'])
  // Numbers are given on from where they were.
  const events = await hsm.store.db.selectFrom('events').select('id').execute()
  await hsm.history.record({ tenant: null, type: 'test', subject: 'x' })
  const newest = await hsm.store.db
    .selectFrom('events')
    .select('id')
    .where('type', '=', 'test')
    .executeTakeFirstOrThrow()
  assert.ok(events.every(({ id }) => id < newest.id))
})
