/** The table of docs/operations.md: what a service does at its start with the right master key, none, another one, and after changes of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient, fetchTransport } from '@keytether/api'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'

const folder = mkdtempSync(join(tmpdir(), 'keytether-master-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

const token = 'the-token-of-this-test'
const [right, other, next] = ['0a', '0b', '0c'].map(byte => byte.repeat(32)) as [string, string, string]

/** @param key none: the settings name no master key */
function settingsWith(key: string | undefined): string[] {
  writeFileSync(file('tokens'), `${token}\n`)
  if (key !== undefined) writeFileSync(file('master.key'), key)
  const masterKey = key === undefined ? {} : { masterKey: { file: 'master.key' } }
  writeFileSync(file('service.json'), JSON.stringify({ port: 0, tokens: 'tokens', log: 'error', ...masterKey }))
  return ['serve', '--config', 'service.json']
}

async function withService<T>(key: string | undefined, work: (url: string) => Promise<T>): Promise<T> {
  const service = longRunning(settingsWith(key), folder)
  const { url } = await service.event('ready')
  const value = await work(url!)
  assert.equal(await service.end('SIGTERM'), 0)
  return value
}

const clientOf = (url: string) => createClient({ send: fetchTransport(url, token) })
const readiness = async (url: string) => {
  const answer = await fetch(`${url}/health/ready`)
  return { status: answer.status, ...((await answer.json()) as { reasons: string[] }) }
}

async function refused(key: string): Promise<void> {
  const before = readFileSync(file('keytether.db'))
  const { code, stderr } = await keytether(settingsWith(key), { cwd: folder })
  assert.equal(code, 1, stderr)
  assert.match(stderr, /this is not the master key of this database/)
  assert.doesNotMatch(stderr, new RegExp(key))
  assert.deepEqual(readFileSync(file('keytether.db')), before)
}

test('the right one, none, another one, and those before and after a change', async () => {
  const secret = await withService(right, async url => {
    assert.equal((await readiness(url)).status, 200)
    const made = await clientOf(url).createEnrolment({ body: { name: 'office' }, idempotencyKey: 'once' })
    return made.secret
  })
  await withService(undefined, async url => {
    const { status, reasons } = await readiness(url)
    assert.equal(status, 503)
    assert.match(reasons.join(), /master key: keytether service unseal/)
    const client = clientOf(url)
    assert.equal((await client.listEnrolments({})).items.length, 1)
    const again = client.createEnrolment({ body: { name: 'office' }, idempotencyKey: 'once' })
    await assert.rejects(again, { code: 'SEALED' })
    await client.unseal({ body: { key: right } })
    assert.equal((await readiness(url)).status, 200)
  })
  await refused(other)
  await withService(right, async url => {
    await clientOf(url).changeMasterKey({ body: { current: { key: right }, next: { key: next } } })
  })
  await refused(right)
  await withService(next, async url => {
    const { sealed } = await clientOf(url).rotateDataKey({ body: { key: next } })
    assert.ok(sealed > 0)
  })
  await withService(next, async url => {
    const again = await clientOf(url).createEnrolment({ body: { name: 'office' }, idempotencyKey: 'once' })
    assert.equal(again.secret, secret)
  })
})
