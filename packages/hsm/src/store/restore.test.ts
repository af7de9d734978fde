import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { backupDatabase } from './backup.ts'
import { restoreDatabase } from './restore.ts'
import { openStore } from './store.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-restore-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string) => join(folder, name)
const at = (name: string) => `sqlite:${path(name)}`
const killed = fileURLToPath(new URL('../../../../test/support/killed-restore.ts', import.meta.url))
const writer = fileURLToPath(new URL('../../../../test/support/store-writer.ts', import.meta.url))

async function names(name: string): Promise<string[]> {
  await using store = await openStore(at(name))
  const rows = await store.db.selectFrom('settings').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

/** One whose last changes are beside it, since its service was killed. @returns what is surely in it */
async function killedService(name: string): Promise<string> {
  const child = spawn(process.execPath, [writer, at(name), 'old'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(statSync(path(`${name}-wal`)).size > 0)
  return String(line).split('\n')[0]!
}

test('whenever it is interrupted, the same again completes it, and the database before is whole', async () => {
  {
    await using store = await openStore(at('copied.db'))
    await store.write(db => db.insertInto('settings').values({ name: 'new', value: '' }).execute())
  }
  await backupDatabase(at('copied.db'), path('copy.db'))
  // The draft of the copy, the database, and the copy in its place.
  for (let renames = 1; renames <= 3; renames++) {
    const name = `${renames}.db`
    const old = await killedService(name)
    const child = spawn(process.execPath, [killed, at(name), path('copy.db'), String(renames)], { stdio: 'inherit' })
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    assert.deepEqual(
      readdirSync(folder).filter(file => /^\d\.db.*-wal$/.test(file)),
      renames === 1 ? ['1.db-wal'] : [],
      'nothing is beside it when it gets another name',
    )
    if (!existsSync(path(`${name}.replaced`)) || !existsSync(path(name)))
      await restoreDatabase(at(name), path('copy.db'))
    assert.deepEqual(await names(name), ['new'], `after ${renames}`)
    assert.ok((await names(`${name}.replaced`)).includes(old), `after ${renames}`)
    assert.ok(!readdirSync(folder).some(file => file.endsWith('.restoring') || file.endsWith('.draft')))
  }
})

test('what is no copy is refused before anything is touched', async () => {
  writeFileSync(path('text'), 'no database')
  await assert.rejects(restoreDatabase(at('x.db'), path('none')), { code: 'DATABASE', message: /there is no copy/ })
  await assert.rejects(restoreDatabase(at('x.db'), path('text')), { code: 'DATABASE' })
  await assert.rejects(restoreDatabase('postgres://localhost/x', path('copy.db')), { message: /pg_restore/ })
  assert.ok(!existsSync(path('x.db')))
  await restoreDatabase(at('x.db'), path('copy.db'))
  assert.deepEqual(await names('x.db'), ['new'])
  {
    await using _ = await openStore(at('x.db'))
    await assert.rejects(restoreDatabase(at('x.db'), path('copy.db')), { message: /another service has the database/ })
  }
})

test('no service begins anew where a restore was interrupted', async () => {
  writeFileSync(path('begun.db.replaced'), '')
  const message = /a restore of .* was interrupted: do it again, or move .*begun\.db\.replaced back/
  await assert.rejects(openStore(at('begun.db')), { code: 'DATABASE', message })
  assert.equal(existsSync(path('begun.db')), false)
  await restoreDatabase(at('begun.db'), path('copied.db'))
  assert.deepEqual(await names('begun.db'), ['new'])
})
