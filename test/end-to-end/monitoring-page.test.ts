/** What docs/monitoring.md says: its commands typed as they stand, its figures, and its settings of Prometheus. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { createClient, fetchTransport } from '@keytether/api'
import { emulatorRoot } from '@keytether/emulator'
import { createLog } from '@keytether/server'
import { BenchToken } from '@keytether/test/group-bench'
import { keytether, main } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { apiToken, Bench } from '@keytether/test/service-bench'

const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'keytether-monitoring-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

test('every command does what it is there for, and every figure is there', { timeout: 120_000 }, async t => {
  if (!requirePeers(t, ['curl'])) return
  const log = join(folder, 'service.log')
  const config = { devices: { roots: [emulatorRoot] }, masterKey: { key: new Uint8Array(32) } }
  await using bench = await Bench.start(config, createLog('trace', openSync(log, 'w')))
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken) })
  const tokens = [await BenchToken.make(), await BenchToken.make()]
  for (const token of tokens) await bench.dialIn(await token.plug())
  await client.createGroup({ body: { name: 'pair' } })
  for (const { path } of tokens) await client.joinGroup({ params: { group: 'pair', device: path }, body: {} })
  const [{ path }] = tokens as [BenchToken, BenchToken]
  await client.changeDevice({ params: { device: path }, body: { name: 'DENK0105702' } })
  const key = { group: 'pair', kind: 'EC', curve: 'secp256r1' } as const
  await client.createKey({ body: { name: 'web', ...key } })
  await client.createKey({ body: { name: 'counted', ...key, useCounter: 500 } })
  const sign = await fetch(`${bench.service.url}/v1/keys/web/sign`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: Buffer.from('hello').toString('base64') }),
  })
  const commands = blocks('sh').flatMap(block => block.trim().split('\n'))
  assert.ok(commands.length > 8)
  const script = [`keytether() { "${process.execPath}" "${main}" "$@"; }`, ...commands.map(line => `${line} || exit`)]
  const shell = spawn('bash', ['-o', 'pipefail', '-c', script.join('\n')], {
    cwd: folder,
    env: {
      ...process.env,
      ...{ KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken },
      REQUEST_ID: sign.headers.get('x-request-id')!,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const asking = setInterval(() => {
    void client.refreshDevice({ params: { device: 'DENK0105702' } }).catch(() => {})
  }, 500)
  const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
  clearInterval(asking)
  assert.equal(code, 0, `${stdout.slice(-1000)}\n${stderr}`)
  assert.match(stdout, /^\{"alive"|"alive": true/m)
  assert.match(stdout, /healthy: 1 group, 2 devices/)
  assert.match(stdout, /DEVICE STATUS.* → ok 9000 freeMemory=\d+/)
  assert.match(stdout, /"command":"DEVICE STATUS"/)
  for (const message of ['device command', 'device operation', 'request answered']) {
    assert.match(stdout, new RegExp(`"msg":"${message}"`))
  }
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  for (const [index, ends] of [5, 1].entries()) {
    bench.service.devices.session(tokens[index]!.path)!.close('pulled')
    const { code, stdout } = await keytether(['service', 'health'], { env })
    assert.equal(code, ends, stdout)
    assert.match(stdout, /^- group pair: .*: it is offline: pulled$/m)
  }
  const named = [...page.matchAll(/^\| `keytether_[^|]*\|/gm)].flatMap(([cell]) =>
    [...cell.matchAll(/`(keytether_\w+)`/g)].map(([, name]) => name!),
  )
  const there = new Set([...stdout.matchAll(/^# TYPE (keytether_\w+) /gm)].map(([, name]) => name!))
  assert.deepEqual(named.sort(), [...there].sort())
})

test('Prometheus takes its settings and its rules', t => {
  if (!requirePeers(t, ['promtool'])) return
  const [config, rules] = blocks('yaml') as [string, string]
  writeFileSync(join(folder, 'prometheus.yml'), config)
  writeFileSync(join(folder, 'rules.yml'), rules)
  for (const [kind, file] of [
    ['config', 'prometheus.yml'],
    ['rules', 'rules.yml'],
  ]) {
    // The file with the token is elsewhere.
    const args = ['check', kind!, ...(kind === 'config' ? ['--syntax-only'] : []), file!]
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, `${stdout}${stderr}`)
  }
  const figures = [...rules.matchAll(/\bkeytether_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))
  for (const figure of figures) assert.ok(page.includes(`\`${figure}\``), figure)
})
