import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { Kysely, sql } from 'kysely'
import type { Database } from './dialect.ts'
import { migrate, planMigrations } from './migrate.ts'
import { type Steps, steps } from './migrations/index.ts'
import { postgres } from './postgres.ts'
import { sqlite } from './sqlite.ts'
import { openStore } from './store.ts'
import type { Tables } from './tables.ts'

/** Brings a database up to date, and kills itself when half of that is done. */
const killed = `
  import { Kysely } from 'kysely'
  import { migrate } from './migrate.ts'
  import { steps } from './migrations/index.ts'
  import { postgres } from './postgres.ts'
  import { sqlite } from './sqlite.ts'
  const url = process.argv[1]
  const database = url.startsWith('sqlite:') ? sqlite(url.slice('sqlite:'.length)) : postgres(url)
  const half = async db => {
    await db.schema.createTable('half').addColumn('id', 'text').execute()
    await db.schema.alterTable('settings').addColumn('half', 'text').execute()
  }
  const last = async () => process.kill(process.pid, 'SIGKILL')
  await migrate(new Kysely({ dialect: database.writer }), database, url, { ...steps, '998-half': half, '999-last': last })
`
const first = Object.keys(steps)[0]!
const firstOnly: Steps = { [first]: steps[first]! }

async function withSteps<T>(url: string, steps: Steps, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
  const database: Database = url.startsWith('sqlite:') ? sqlite(url.slice(7)) : postgres(url)
  const db = new Kysely<Tables>({ dialect: database.writer })
  try {
    await migrate(db, database, url, steps)
    return await work(db)
  } finally {
    await db.destroy()
    database.close()
  }
}

eachDatabase((database, open) => {
  const path = (url: string) => url.slice('sqlite:'.length)

  test('what would be done is told, and nothing is touched', async () => {
    const url = await open()
    assert.deepEqual(await planMigrations(url), { done: [], pending: Object.keys(steps) })
    if (database === 'SQLite') assert.ok(!existsSync(path(url)))
    await using store = await openStore(url)
    assert.deepEqual(store.migrated, { done: [], pending: Object.keys(steps) })
    // While a service has it.
    assert.deepEqual(await planMigrations(url), { done: Object.keys(steps), pending: [] })
    await store.write(db => sql`update kysely_migration set name = '999-later' where name = ${first}`.execute(db))
    await assert.rejects(planMigrations(url), {
      code: 'DATABASE',
      message: /newer version of Keytether, with 999-later;/,
    })
  })

  test('an older database is brought up to date, after a copy of it', async () => {
    const url = await open()
    await withSteps(url, firstOnly, db => db.insertInto('settings').values({ name: 'old', value: 'x' }).execute())
    const pending = Object.keys(steps).slice(1)
    assert.deepEqual(await planMigrations(url), { done: [first], pending })
    await using store = await openStore(url)
    assert.deepEqual(store.migrated.pending, pending)
    assert.equal((await store.db.selectFrom('settings').select('value').execute()).length, 1)
    if (database === 'PostgreSQL' || pending.length === 0) return
    const copy = `${path(url)}.before-${pending[0]}`
    assert.equal(store.migrated.copy, copy)
    assert.deepEqual(await planMigrations(`sqlite:${copy}`), { done: [first], pending })
  })

  test('a step that fails takes those before it back', async () => {
    const url = await open()
    await withSteps(url, firstOnly, async () => {})
    const broken: Steps = {
      ...firstOnly,
      '002-made': async db => db.schema.createTable('made').addColumn('id', 'text').execute(),
      '003-broken': db => Promise.reject(new Error(`no such thing in ${db.constructor.name}`)),
    }
    await assert.rejects(
      withSteps(url, broken, async () => {}),
      /no such thing/,
    )
    await withSteps(url, firstOnly, async db => {
      const tables = await db.introspection.getTables()
      assert.ok(!tables.some(({ name }) => name === 'made'))
    })
  })

  test('killed in the middle of it, nothing was done', async () => {
    const url = await open()
    await (await openStore(url))[Symbol.asyncDispose]()
    const args = ['--input-type=module', '--eval', killed, url]
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: 'inherit' })
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    assert.deepEqual(await planMigrations(url), { done: Object.keys(steps), pending: [] })
    await using store = await openStore(url)
    const tables = await store.db.introspection.getTables()
    assert.ok(!tables.some(({ name }) => name === 'half'))
    assert.ok(!tables.find(({ name }) => name === 'settings')!.columns.some(({ name }) => name === 'half'))
  })
})
