/** The unit file that docs/agent.md has people install is one that systemd takes, for a command line that the agent takes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'

const root = join(import.meta.dirname, '../..')
const unit = readFileSync(join(root, 'docs/keytether-agent.service'), 'utf8')

test('systemd finds nothing wrong with the unit', t => {
  if (!requirePeers(t, ['systemd-analyze', 'pcscd'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-unit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'keytether-agent.service')
  writeFileSync(file, unit.replace('/usr/local/bin/keytether', join(root, 'packages/cli/bin/keytether.mjs')))
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  const about = `${stdout}${stderr}`.split('\n').filter(line => line.includes('keytether'))
  assert.deepEqual({ status, about }, { status: 0, about: [] })
})

test('the agent takes what the unit tells it', async () => {
  const [, line = ''] = /^ExecStart=\S+ (.*)$/m.exec(unit) ?? []
  const filled = line.replace(/\$\{KEYTETHER_URL\}/, 'http://127.0.0.1:9/rt/hsm').replace(' $KEYTETHER_OPTIONS', '')
  const { code, stderr } = await keytether(filled.replace(/\$\{CREDENTIALS_DIRECTORY\}/, '/nowhere').split(' '))
  // All of it is understood; it is the file with the PIN that is not there.
  assert.equal(code, 4)
  assert.match(stderr, /^error: \/nowhere\/pin: no such file or directory/)
})
