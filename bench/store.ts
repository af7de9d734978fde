/** Durable writes: one caller after the other, and many at once, who share the syncs of the disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { missingPeers } from '@keytether/test/peers'
import { startCluster } from '@keytether/test/postgres'
import { openStore, type Store } from '../packages/hsm/src/store/store.ts'
import { heading, print, rate } from './report.ts'

const writers = 64
let count = 0

function write(store: Store): Promise<unknown> {
  const event = { tenant_id: null, at: 0, type: 'bench', subject: `${++count}`, actor: null, data: '{}' }
  return store.write(db => db.insertInto('events').values(event).execute())
}

/** Many callers, each of whom writes again as soon as it was answered. */
async function together(store: Store, seconds = 2): Promise<number> {
  const end = performance.now() + seconds * 1000
  const before = count
  const started = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (performance.now() < end) await write(store)
    }),
  )
  return ((count - before) * 1000) / (performance.now() - started)
}

async function measure(url: string, bare?: { readonly name: string; readonly value: number }): Promise<void> {
  await using store = await openStore(url)
  const alone = await rate(() => write(store))
  print({ name: 'writes of one caller', value: alone, unit: '/s', beside: bare })
  const value = await together(store)
  print({ name: `writes of ${writers} callers`, value, unit: '/s', beside: { name: 'one commit each', value: alone } })
}

/** What the disk lets through, with nothing around it. */
async function bareSqlite(file: string): Promise<number> {
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; create table t (a text, b text)')
  const insert = database.prepare('insert into t values (?, ?)')
  const value = await rate(() => insert.run('bench', '{}'))
  database.close()
  return value
}

const folder = mkdtempSync(join(tmpdir(), 'keytether-bench-'))
heading('Store: SQLite')
const bare = { name: 'node:sqlite', value: await bareSqlite(join(folder, 'bare.db')) }
await measure(`sqlite:${join(folder, 'store.db')}`, bare)
rmSync(folder, { recursive: true })

heading('Store: PostgreSQL')
const missing = missingPeers(['postgres'])
if (missing === undefined) {
  const cluster = await startCluster()
  await measure(cluster.createDatabase())
  await cluster.end()
} else {
  console.log(`not measured: ${missing}`)
}
