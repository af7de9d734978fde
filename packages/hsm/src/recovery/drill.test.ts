import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fromHex } from '@keytether/codec'
import { oldServiceOnSqlite } from '@keytether/test/old-service'
import { openHsm } from '../hsm.ts'
import type { MasterKey } from '../vault/master-key.ts'
import { type DrillStep, restoreDrill } from './drill.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-drill-'))
after(() => rmSync(folder, { recursive: true, force: true }))
oldServiceOnSqlite(folder)
const right: MasterKey = { key: fromHex(readFileSync(join(folder, 'master.key'), 'utf8').trim()) }

/** Of a copy in which something was changed. */
async function drill(sql: string, master: MasterKey | undefined = right): Promise<DrillStep[]> {
  const copy = join(folder, 'copy.db')
  rmSync(copy, { force: true })
  copyFileSync(join(folder, 'keytether.db'), copy)
  const database = new DatabaseSync(copy)
  database.exec(sql)
  database.close()
  return all(copy, master)
}

async function all(file: string, master: MasterKey | undefined = right): Promise<DrillStep[]> {
  const steps: DrillStep[] = []
  for await (const step of restoreDrill(`sqlite:${file}`, master)) steps.push(step)
  return steps
}

const outcomes = (steps: readonly DrillStep[]) => Object.fromEntries(steps.map(({ step, outcome }) => [step, outcome]))
const inOrder = {
  database: 'ok',
  migrations: 'ok',
  secrets: 'ok',
  keys: 'ok',
  'key domains': 'ok',
  audit: 'ok',
  service: 'ok',
}

test('a copy in order', async () => {
  const steps = await drill('')
  assert.deepEqual(outcomes(steps), inOrder)
  const words = steps.map(({ words }) => words).join('\n')
  assert.match(words, /2 PINs of devices, 1 keys of the service/)
  assert.match(words, /5 of 5 versions of keys have a wrapped copy/)
  assert.match(words, /2 tenants, 5 principals, 3 devices, 4 keys/)
})

const rows: readonly (readonly [name: string, sql: string, differs: object, says: RegExp])[] = [
  [
    'a secret that was changed',
    'update devices set pin = randomblob(39) where id = (select min(id) from devices where pin is not null)',
    { secrets: 'failed' },
    /but not 1 of[\s\S]*PINs of devices: devices\.pin of dev_/,
  ],
  [
    'a key that is nowhere but on its tokens',
    "update key_versions set wrapped = null where label like 'web-rsa%'",
    { keys: 'incomplete' },
    /web-rsa, version 1: there is no copy/,
  ],
  [
    'a copy of a key that was changed',
    "update key_versions set wrapped = x'3000' where label like 'web-rsa%'",
    { keys: 'failed' },
    /web-rsa, version 1: its copy is damaged/,
  ],
  [
    'a row that names what is not there',
    "pragma foreign_keys = off; delete from groups where name = 'office'",
    { database: 'failed' },
    /a row of keys names one of groups that is not there/,
  ],
  [
    'a newer version',
    "update kysely_migration set name = '999-later'",
    { database: 'failed' },
    /made by a newer version of Keytether/,
  ],
  ['no database of ours', 'drop table kysely_migration', { database: 'failed' }, /no database of Keytether/],
]

for (const [name, sql, differs, says] of rows) {
  test(name, async () => {
    const steps = await drill(sql)
    const wanted = 'database' in differs ? differs : { ...inOrder, ...differs }
    assert.deepEqual(outcomes(steps), wanted)
    assert.match(JSON.stringify(steps), says)
  })
}

test('an audit log in which something was changed', async () => {
  const file = join(folder, 'audited.db')
  copyFileSync(join(folder, 'keytether.db'), file)
  {
    await using hsm = await openHsm({ devices: { roots: [] }, database: `sqlite:${file}`, masterKey: right })
    for (let n = 0; n < 3; n++) await hsm.history.record({ tenant: null, type: 'test.happened', subject: `${n}` })
  }
  const audit = async (sql: string) => {
    const copy = join(folder, 'copy.db')
    rmSync(copy, { force: true })
    copyFileSync(file, copy)
    const database = new DatabaseSync(copy)
    database.exec(sql)
    database.close()
    return (await all(copy)).find(({ step }) => step === 'audit')!
  }
  const whole = await audit('')
  assert.equal(whole.outcome, 'ok', JSON.stringify(whole))
  assert.match(whole.words, /^[1-9]\d* chains of [1-9]\d* records, each whole/)
  for (const [sql, says] of [
    [
      "update audit set line = replace(line, 'test.happened', 'test.hoppened') where chain = 'service' and seq = 0",
      /record 1 is not the one/,
    ],
    ["delete from audit where chain = 'service' and seq = 1", /record 1 is missing/],
    [
      "delete from audit where chain = 'service' and seq = (select max(seq) from audit where chain = 'service')",
      /it ends with/,
    ],
    ["update audit set line = 'x' where chain = 'service' and seq = 0", /record 0 is not the one/],
  ] as const) {
    const broken = await audit(sql)
    assert.equal(broken.outcome, 'failed', sql)
    assert.match(broken.details![0]!, says)
  }
})

test('a page that was overwritten', async () => {
  const file = join(folder, 'damaged.db')
  const bytes = readFileSync(join(folder, 'keytether.db'))
  for (let page = 8; page < bytes.length / 4096 - 1; page += 3) bytes.fill(0xff, page * 4096, page * 4096 + 64)
  writeFileSync(file, bytes)
  const [step] = await all(file)
  assert.equal(step?.outcome, 'failed')
})

test('another master key, and none', async () => {
  const wrong = await drill('', { key: new Uint8Array(32) })
  assert.deepEqual(outcomes(wrong), { ...inOrder, secrets: 'failed', service: 'failed' })
  assert.match(JSON.stringify(wrong), /this is not the master key of this database/)
  const steps = []
  for await (const step of restoreDrill(`sqlite:${join(folder, 'keytether.db')}`, undefined)) steps.push(step)
  assert.deepEqual(outcomes(steps), { ...inOrder, secrets: 'skipped' })
})
