/** Copies that are made while a service is busy, the drill that proves them, and the way back. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'
import { oldServiceOnPostgres } from '@keytether/test/old-service'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-restore-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

async function run(code: number, ...args: string[]): Promise<string> {
  const done = await keytether(['service', ...args], { cwd: folder })
  assert.equal(done.code, code, `${args.join(' ')}: ${done.stdout}${done.stderr}`)
  return done.stdout + done.stderr
}

const headers = { Authorization: 'Bearer the-token-of-this-test', 'Content-Type': 'application/json' }

/** Makes principals from many sides at once until it is told to end. @returns how many */
function load(url: string) {
  let going = true
  let count = 0
  const side = async (number: number) => {
    for (let n = 0; going; n++) {
      const body = JSON.stringify({ name: `p-${number}-${n}`, roles: ['auditor'] })
      const answer = await fetch(`${url}/v1/principals`, { method: 'POST', headers, body })
      assert.equal(answer.status, 201, await answer.text())
      count++
    }
  }
  const sides = Promise.all(Array.from({ length: 8 }, (_, number) => side(number)))
  return async () => {
    going = false
    await sides
    return count
  }
}

test('a copy under load is of one moment, is proven, and takes the place of the database', async () => {
  writeFileSync(file('token'), 'the-token-of-this-test\n')
  writeFileSync(file('master.key'), `${'0a'.repeat(32)}\n`)
  writeFileSync(
    file('service.json'),
    JSON.stringify({ port: 0, tokens: 'token', masterKey: { file: 'master.key' }, log: 'error' }),
  )
  const service = longRunning(['serve', '--config', 'service.json'], folder)
  const { url } = await service.event('ready')
  const end = load(url!)
  await run(0, 'backup', '--config', 'service.json', 'copy.db')
  const made = await end()
  const copy = new DatabaseSync(file('copy.db'), { readOnly: true })
  const count = (sql: string) => Number(Object.values(copy.prepare(`select count(*) from ${sql}`).get()!)[0])
  const principals = count("principals where name like 'p-%'")
  assert.equal(
    count("events where type = 'principal.created' and subject in (select id from principals where name like 'p-%')"),
    principals,
  )
  assert.ok(principals > 0 && principals < made, `${principals} of ${made}: the copy was not made meanwhile`)
  copy.close()

  const before = readFileSync(file('copy.db'))
  assert.match(
    await run(0, 'restore-drill', 'copy.db', '--key-file', 'master.key'),
    /^ok +database +whole: .*\n(ok .*\n)+$/,
  )
  assert.deepEqual(readFileSync(file('copy.db')), before)

  assert.match(await run(1, 'restore', '--config', 'service.json', 'copy.db'), /another service has the database/)
  assert.equal((await fetch(`${url}/v1/me`, { headers })).status, 200)
  // Whatever the way in which it ended.
  await service.end('SIGKILL')
  assert.match(
    await run(0, 'restore', '--config', 'service.json', 'copy.db'),
    /the one before is .*keytether\.db\.replaced/,
  )
  assert.ok(!existsSync(file('keytether.db-wal')))
  const old = new DatabaseSync(file('keytether.db.replaced'))
  assert.equal(old.prepare("select count(*) as n from principals where name like 'p-%'").get()!.n, made)
  old.close()
  assert.match(await run(1, 'restore', '--config', 'service.json', 'copy.db'), /an earlier restore put aside/)
  const again = longRunning(['serve', '--config', 'service.json'], folder)
  const ready = await again.event('ready')
  assert.equal(ready.secrets, 'open')
  assert.equal((await fetch(`${ready.url}/v1/principals/p-0-0`, { headers })).status, 200)
  assert.equal(await again.end('SIGTERM'), 0)
  const restored = new DatabaseSync(file('keytether.db'))
  assert.equal(restored.prepare("select count(*) as n from principals where name like 'p-%'").get()!.n, principals)
  restored.close()
})

test('what is no copy, and one that is damaged', async () => {
  writeFileSync(file('letter'), 'a letter, and no copy of a database')
  assert.match(await run(1, 'restore-drill', 'letter', '--key-file', 'master.key'), /letter is no copy of a database/)
  const bytes = readFileSync(file('copy.db'))
  for (let at = 4096 * 10; at < bytes.length; at += 4096 * 2) bytes.fill(0xff, at, at + 200)
  writeFileSync(file('damaged.db'), bytes)
  await run(1, 'restore-drill', 'damaged.db', '--key-file', 'master.key')
  await run(1, 'restore', '--database', 'sqlite:other.db', 'damaged.db')
  assert.ok(!existsSync(file('other.db')))
})

test('a copy by pg_dump', async t => {
  if (!requirePeers(t, ['postgres'])) return
  const cluster = await oldServiceOnPostgres(folder)
  t.after(() => cluster.end())
  const { database } = JSON.parse(readFileSync(file('service.json'), 'utf8'))
  const [command = '', ...connection] = cluster.program('pg_dump', database)
  execFileSync(command, [...connection, '--format=custom', `--file=${file('keytether.dump')}`], { stdio: 'pipe' })
  const drill = ['restore-drill', 'keytether.dump', '--key-file', 'master.key']
  assert.match(await run(2, ...drill), /make an empty one with createdb/)
  assert.match(await run(1, ...drill, '--scratch', database), /there is a service in that database already/)
  const report = await run(0, ...drill, '--scratch', cluster.createDatabase(), '--json')
  const { outcome, steps } = JSON.parse(report)
  assert.equal(outcome, 'ok')
  assert.match(JSON.stringify(steps), /2 tenants, 5 principals, 3 devices, 4 keys/)
  const target = cluster.createDatabase()
  assert.match(await run(0, 'restore', '--database', target, 'keytether.dump'), /keytether\.dump is the database now/)
  assert.match(await run(1, 'restore', '--database', target, 'keytether.dump'), /there is a service in that database/)
  assert.match(await run(1, 'restore', '--database', target, 'copy.db'), /only SQLite is restored so/)
  await run(1, 'restore', '--database', 'sqlite:new.db', 'keytether.dump')
  assert.ok(!existsSync(file('new.db')))
})
