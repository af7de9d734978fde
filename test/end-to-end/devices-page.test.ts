/** The sessions in docs/devices.md, one after the other, with an emulated token and a service; and what its log says. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { keytether, main } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'

const folder = mkdtempSync(join(tmpdir(), 'keytether-devices-'))
const secrets = {
  pin: '648219',
  'new-pin': '731508',
  'so-pin': '3537363231383830',
  'ann.password': 'correct horse battery staple',
}
const page = readFileSync(join(import.meta.dirname, '../../docs/devices.md'), 'utf8')

after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

test('the sessions in docs/devices.md are what happens, and no secret is in the log', async () => {
  for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), `${text}\n`)
  writeFileSync(join(folder, 'token'), 'the-token-of-this-test\n')
  writeFileSync(join(folder, 'master-key'), `${'07'.repeat(32)}\n`)
  for (const args of [
    ['emulator', 'root', '--out', 'root.cvc'],
    ['share', 'create', 'ann.pbe', '--password-file', 'ann.password'],
  ]) {
    const { code, stderr } = await keytether(args, { cwd: folder })
    assert.equal(code, 0, stderr)
  }
  const settings = ['--token-file', 'token', '--trust', 'root.cvc', '--master-key-file', 'master-key']
  const service = longRunning(['serve', '--listen', '127.0.0.1:0', '--log-level', 'trace', ...settings], folder)
  const { url, ram } = await service.event('ready')
  const token = longRunning(['emulator', '--state', 'token.state', '--ram', ram!], folder)
  const { text } = await token.event('notice')
  const [, device, code] = / keytether device claim (\w+) --code ([0-9A-F-]+)$/.exec(text!)!
  const environment: Record<string, string> = {
    KEYTETHER_URL: url!,
    KEYTETHER_TOKEN: 'the-token-of-this-test',
    DEVICE: device!,
    CODE: code!,
  }
  for (const [, session = ''] of page.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const [command = '', ...lines] of session
      .split(/^\$ /m)
      .slice(1)
      .map(step => step.split('\n'))) {
      const printed = await run(command, environment)
      const expected = lines
        .join('\n')
        .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
        .replaceAll(/^…\n/gm, '(.*\\n)*')
        .replaceAll(/ ?… ?/g, '.*')
      assert.match(printed, new RegExp(`^${expected}$`), command)
      const [ceremony] = /crm_[\w-]+/.exec(printed) ?? []
      if (ceremony !== undefined) environment.CEREMONY = ceremony
    }
  }
  const log = service.errors()
  assert.match(log, /"request answered"/)
  for (const secret of [...Object.values(secrets), '57621880', 'kte_']) assert.ok(!log.includes(secret), secret)
  assert.equal(await token.end('SIGTERM'), 0)
  assert.equal(await service.end('SIGTERM'), 0)
})

async function run(command: string, environment: Record<string, string>): Promise<string> {
  const script = `keytether() { '${process.execPath}' '${main}' "$@"; }\n${command}`
  const options = { cwd: folder, env: { ...process.env, ...environment } }
  try {
    return (await promisify(execFile)('bash', ['-e', '-c', script], options)).stdout
  } catch (error) {
    throw new Error(`${command}: ${(error as { stderr?: string }).stderr}`, { cause: error })
  }
}
