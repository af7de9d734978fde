/** This version on what an older one left behind: its database, its secrets, and the tokens that were its own. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'
import { oldServiceOnPostgres, oldServiceOnSqlite } from '@keytether/test/old-service'
import { requirePeers } from '@keytether/test/peers'

const folders: string[] = []
const newFolder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'keytether-old-')))
  return folders.at(-1)!
}
after(() => {
  killAll()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

test('SQLite: everything is there, and works', async () => {
  const folder = newFolder()
  oldServiceOnSqlite(folder)
  await works(folder)
})

test('PostgreSQL: everything is there, and works', async (t: TestContext) => {
  if (!requirePeers(t, ['postgres'])) return
  const folder = newFolder()
  const cluster = await oldServiceOnPostgres(folder)
  t.after(() => cluster.end())
  await works(folder)
})

async function works(folder: string): Promise<void> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  const checked = await keytether(['serve', '--config', 'service.json', '--check'], { cwd: folder })
  assert.match(
    checked.stdout,
    /the database is that of (an older version: the start does|this version)/,
    checked.stderr,
  )
  const service = longRunning(['serve', '--config', 'service.json', '--log-level', 'error'], folder)
  const { url, ram, secrets } = await service.event('ready')
  assert.equal(secrets, 'open')
  const as = (token: string) => async (args: readonly string[]) => {
    const env = { KEYTETHER_URL: url!, KEYTETHER_TOKEN: read(token) }
    const { code, stdout, stderr } = await keytether(args, { cwd: folder, env })
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const [main, web, ann] = [as('token'), as('web.token'), as('ann.token')]
  const tokens = [1, 2].map(number =>
    longRunning(['emulator', '--state', `token-${number}.state`, '--ram', ram!], folder),
  )
  await Promise.all(tokens.map(token => token.event('connected')))
  // Nobody gives a PIN: the service has them, sealed.
  const check = JSON.parse(await main(['group', 'heal', 'office', '--wait', '--json']))
  assert.equal(check.state, 'healthy')

  writeFileSync(join(folder, 'letter'), 'a letter')
  for (const key of ['web-ec', 'web-rsa']) {
    await web(['sign', 'letter', '--key', key, '--format', 'raw', '--out', 'signature'])
    assert.match(await web(['verify', 'letter', '--key', key, '--signature', 'signature']), /valid|good/i)
  }
  assert.equal((await main(['decrypt', 'message.kte', '--key', 'store-aes'])).trim(), read('message'))
  assert.match(await ann(['whoami']), /Tenant : branch\nRoles {2}: administrator/)
  assert.match(await main(['device', 'list']), /retired/)
  for (const token of tokens) assert.equal(await token.end('SIGTERM'), 0)
  assert.equal(await service.end('SIGTERM'), 0)
}
