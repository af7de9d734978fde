import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { sql, type Transaction } from 'kysely'
import { newId } from './ids.ts'
import { openStore, type Store } from './store.ts'
import type { Tables } from './tables.ts'

function add(db: Transaction<Tables>, name: string) {
  return db.insertInto('settings').values({ name, value: name }).execute()
}

async function names({ db }: Store): Promise<string[]> {
  const rows = await db.selectFrom('settings').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

eachDatabase((database, open) => {
  test('what is written together fails alone', async () => {
    await using store = await openStore(await open())
    const works = Array.from({ length: 250 }, (_, index) =>
      store.write(async db => {
        await add(db, String(index).padStart(3, '0'))
        if (index % 7 === 3) throw new RangeError(`not ${index}`)
        return index
      }),
    )
    const outcomes = await Promise.allSettled(works)
    const failed = outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [index] : []))
    assert.deepEqual(
      failed,
      outcomes.flatMap((_, index) => (index % 7 === 3 ? [index] : [])),
    )
    assert.equal((await names(store)).length, 250 - failed.length)
    assert.ok(!(await names(store)).includes('003'))
  })

  test('a statement that the database refuses takes only its own work with it', async () => {
    await using store = await openStore(await open())
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'a', 'c'].map(name =>
        store.write(async db => {
          await add(db, `${name} first`)
          await add(db, name)
        }),
      ),
    )
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await names(store), ['a', 'a first', 'b', 'b first', 'c', 'c first'])
  })

  test('each sees what those before it wrote, and nobody else does before it is committed', async () => {
    await using store = await openStore(await open())
    const count = (db: Transaction<Tables>) =>
      db
        .selectFrom('settings')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
    const seen: number[] = []
    const works = ['a', 'b', 'c', 'd'].map(name =>
      store.write(async db => {
        await add(db, name)
        seen.push((await count(db)).count)
      }),
    )
    await Promise.all(works)
    assert.deepEqual(seen, [1, 2, 3, 4])
    assert.equal((await names(store)).length, 4)
  })

  test('numbers, bytes and nothing are the same on each', async () => {
    await using store = await openStore(await open())
    const row = {
      id: newId('dev'),
      path: 'A.B.C',
      tenant_id: null,
      group_id: null,
      name: null,
      state: 'quarantined',
      priority: 0,
      standby: 0,
      pin: new Uint8Array([0, 1, 255]),
      pin_refused: 0,
      facts: '{"a":"ü"}',
      created_at: 1_790_000_000_123,
      last_seen_at: null,
      revision: 1,
    } as const
    await store.write(db => db.insertInto('devices').values(row).execute())
    assert.deepEqual({ ...(await store.db.selectFrom('devices').selectAll().executeTakeFirstOrThrow()) }, row)
  })

  test('a second one is refused, and may when the first has ended', async () => {
    const url = await open()
    {
      await using _ = await openStore(url)
      await assert.rejects(openStore(url), { code: 'DATABASE', message: /another service has the database .* open/ })
    }
    await using _ = await openStore(url)
  })

  test('what a newer version made is left alone', async () => {
    const url = await open()
    {
      await using store = await openStore(url)
      await store.write(db => sql`update kysely_migration set name = '999-later' where name = '001-start'`.execute(db))
    }
    await assert.rejects(openStore(url), { code: 'DATABASE', message: /newer version of Keytether, with 999-later;/ })
  })

  test('what another writer got in the way of is done again, from the beginning and not for ever', async () => {
    await using store = await openStore(await open())
    const conflict = Object.assign(new Error('try again'), database === 'SQLite' ? { errcode: 5 } : { code: '40001' })
    let attempts = 0
    const other = store.write(db => add(db, 'other'))
    await store.write(async db => {
      await add(db, 'a')
      if (++attempts < 3) throw conflict
    })
    await other
    assert.deepEqual(await names(store), ['a', 'other'])
    const never = store.write(() => Promise.reject(conflict))
    await assert.rejects(never, { code: 'DATABASE', message: 'cannot write to the database: try again' })
  })

  const overConnections = database === 'SQLite' ? () => {} : test

  overConnections(
    'a connection that is lost takes with it what was not committed, and nothing that comes later',
    async () => {
      await using store = await openStore(await open())
      const lost = store.write(async db => {
        await add(db, 'lost')
        await sql`select pg_terminate_backend(pg_backend_pid())`.execute(db)
      })
      await assert.rejects(lost, { code: 'DATABASE', message: /^cannot write to the database: / })
      await store.write(db => add(db, 'later'))
      assert.deepEqual(await names(store), ['later'])
    },
  )

  overConnections('of a connection that is lost when it commits, nobody knows what became of it', async () => {
    await using store = await openStore(await open())
    let doubts = 0
    store.events.on('doubt', () => doubts++)
    await store.write(async db => {
      const kill = 'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return null; end'
      await sql`create function kill() returns trigger language plpgsql as ${sql.lit(kill)}`.execute(db)
      await sql`create constraint trigger at_commit after insert on settings deferrable initially deferred
        for each row when (new.name = 'lost') execute function kill()`.execute(db)
    })
    const [lost, beside] = await Promise.allSettled([
      store.write(db => add(db, 'lost')),
      store.write(db => add(db, 'beside')),
    ])
    assert.equal(lost.status === 'rejected' && lost.reason.code, 'OUTCOME_UNKNOWN')
    assert.match(lost.status === 'rejected' ? lost.reason.message : '', /it may have been done/)
    await store.write(db => add(db, 'later'))
    assert.equal((await names(store)).includes('beside'), beside.status === 'fulfilled')
    assert.equal(doubts, 1)
  })

  test('changes are turned away before too many wait', async () => {
    await using store = await openStore(await open())
    const works = Array.from({ length: 2_200 }, (_, index) => store.write(db => add(db, String(index))))
    const outcomes = await Promise.allSettled(works)
    const refused = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    assert.ok(refused.length > 0 && refused.every(code => code === 'BUSY'), `${refused}`)
    assert.equal((await names(store)).length, works.length - refused.length)
  })
})

test('what cannot be opened is told in words, and no password with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-store-'))
  writeFileSync(join(folder, 'text'), 'this is no database, and long enough to be taken for one: '.repeat(100))
  const cases: readonly [url: string, message: RegExp][] = [
    ['', /wanted the URL of a database/],
    ['mysql://root:very-secret@localhost/x', /wanted the URL of a database/],
    ['postgres://user:very-secret@', /wanted the URL of a database/],
    [`sqlite:${folder}/none/x.db`, /cannot open the database .*none\/x\.db: ENOENT/],
    [`sqlite:${folder}/text`, /file is not a database/],
    ['postgres://user:very-secret@127.0.0.1:1/x', /PostgreSQL 127\.0\.0\.1:1\/x: connect ECONNREFUSED/],
  ]
  for (const [url, message] of cases) {
    await assert.rejects(openStore(url), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'DATABASE', error.message)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /very-secret/)
      return true
    })
  }
  rmSync(folder, { recursive: true })
})

test('a database is for its owner only, and for one process, by whatever name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-store-'))
  {
    await using _ = await openStore(`sqlite:${join(folder, 'x.db')}`)
    symlinkSync(join(folder, 'x.db'), join(folder, 'y.db'))
    await assert.rejects(openStore(`sqlite:${join(folder, 'y.db')}`), { code: 'DATABASE' })
    for (const suffix of ['', '-wal']) assert.equal(statSync(join(folder, `x.db${suffix}`)).mode & 0o777, 0o600)
  }
  rmSync(folder, { recursive: true })
})
