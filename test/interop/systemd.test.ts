/** The unit files that the pages have people install are ones that systemd takes, for command lines that our programs take. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'
import { requirePeers } from '@keytether/test/peers'

after(killAll)

const root = join(import.meta.dirname, '../..')
const agentUnit = readFileSync(join(root, 'docs/keytether-agent.service'), 'utf8')
const serviceUnit = readFileSync(join(root, 'docs/keytether.service'), 'utf8')

/** The unit as a file, with our program where it is, and what systemd-analyze says of it. */
function analyze(t: TestContext, name: string, unit: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-unit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, name)
  writeFileSync(file, unit.replaceAll('/usr/local/bin/keytether', join(root, 'packages/cli/bin/keytether.mjs')))
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}` }
}

for (const [name, unit] of [
  ['keytether-agent.service', agentUnit],
  ['keytether.service', serviceUnit],
] as const) {
  test(`systemd finds nothing wrong with ${name}`, t => {
    if (!requirePeers(t, ['systemd-analyze', 'pcscd'])) return
    const { status, said } = analyze(t, name, unit, 'verify', '--man=no')
    const about = said.split('\n').filter(line => line.includes('keytether'))
    assert.deepEqual({ status, about }, { status: 0, about: [] })
  })

  test(`${name} is exposed to little: 2 of 10 at most`, t => {
    if (!requirePeers(t, ['systemd-analyze'])) return
    const { status, said } = analyze(t, name, unit, 'security', '--offline=yes', '--threshold=20', '--no-pager')
    assert.equal(status, 0, said)
  })
}

test('the service takes what its unit tells it, and the master key from its credential', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-unit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const lines = [...serviceUnit.matchAll(/^ExecStart(?:Pre)?=\S+ (.*)$/gm)].map(([, line = '']) => line)
  assert.equal(lines.length, 2)
  const [, name = ''] = /^LoadCredential=([\w-]+):/m.exec(serviceUnit) ?? []
  writeFileSync(join(folder, name), `${'0a'.repeat(32)}\n`)
  writeFileSync(join(folder, 'tokens'), 'the-token-of-this-test\n')
  writeFileSync(
    join(folder, 'service.json'),
    JSON.stringify({ port: 0, tokens: 'tokens', masterKey: { credential: name } }),
  )
  const args = lines.map(line => line.replace('/etc/keytether', folder).split(' '))
  const env = { CREDENTIALS_DIRECTORY: folder }
  const checked = await keytether(args[0]!, { env })
  assert.match(checked.stdout, /the settings have no mistake/, checked.stderr)
  const service = longRunning(args[1]!, folder, env)
  assert.equal((await service.event('ready')).secrets, 'open')
  assert.equal(await service.end('SIGTERM'), 0)
  const without = await keytether(args[0]!, { env: { CREDENTIALS_DIRECTORY: join(folder, 'none') } })
  assert.match(without.stderr, /masterKey: cannot read the credential master-key: ENOENT/)
})

test('the agent takes what the unit tells it', async () => {
  const [, line = ''] = /^ExecStart=\S+ (.*)$/m.exec(agentUnit) ?? []
  const filled = line.replace(/\$\{KEYTETHER_URL\}/, 'http://127.0.0.1:9/rt/hsm').replace(' $KEYTETHER_OPTIONS', '')
  const { code, stderr } = await keytether(filled.replace(/\$\{CREDENTIALS_DIRECTORY\}/, '/nowhere').split(' '))
  // All of it is understood; it is the file with the PIN that is not there.
  assert.equal(code, 4)
  assert.match(stderr, /^error: \/nowhere\/pin: no such file or directory/)
})
