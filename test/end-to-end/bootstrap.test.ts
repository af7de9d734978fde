/** The first administrator of a service that has no settings, by the command line. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'

const folder = mkdtempSync(join(tmpdir(), 'keytether-bootstrap-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true })
})

const start = () => longRunning(['serve', '--listen', '127.0.0.1:0', '--database', 'sqlite:data.db'], folder)
const tokenIn = (name: string) => readFileSync(file(name), 'utf8').trim()

test('whoever has the secret that the service printed is its first administrator, once', async () => {
  let service = start()
  const { secret: first = '' } = await service.event('bootstrap')
  await service.end('SIGKILL')
  service = start()
  const [{ url = '' }, { secret = '' }] = await Promise.all([service.event('ready'), service.event('bootstrap')])
  assert.match(secret, /^ktb_[\w-]{43}$/)
  const bootstrap = (words: string, ...more: string[]) => {
    writeFileSync(file('secret'), `${words}\n`)
    const args = ['bootstrap', '--service', url, '--secret-file', 'secret', ...more]
    return keytether(args, { cwd: folder })
  }
  // That of a service that has ended, and then the right one too soon; the client waits and asks again.
  const wrong = await bootstrap(first)
  assert.equal(wrong.code, 3, wrong.stderr)
  assert.match(wrong.stderr, /^error: this secret lets nobody in, or not any more/)
  const right = await bootstrap(secret, '--name', 'ann', '--out', 'ann.token')
  assert.equal(right.code, 0, right.stderr)
  assert.equal(statSync(file('ann.token')).mode & 0o777, 0o600)
  const again = await bootstrap(secret, '--name', 'eve')
  assert.deepEqual([again.code, again.stderr], [3, wrong.stderr])

  const env = () => ({ KEYTETHER_URL: url, KEYTETHER_TOKEN: tokenIn('ann.token') })
  const me = await keytether(['whoami'], { cwd: folder, env: env() })
  assert.match(me.stdout, /^Name +: ann\n.*\nTenant : main\nRoles +: administrator\n/)
  await service.end('SIGTERM')
  assert.ok(!service.errors().includes(secret.slice(4)))

  // Who can log in needs none.
  service = start()
  const told = service.event('bootstrap').then(
    () => true,
    () => false,
  )
  const later = await service.event('ready')
  const token = tokenIn('ann.token')
  const ask = (path: string, body?: object) =>
    fetch(`${later.url}/v1${path}`, {
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
  assert.equal((await ask('/me')).status, 200)
  assert.equal((await ask('/bootstrap', { secret })).status, 401)
  assert.equal((await ask('/bootstrap', { secret })).status, 429)
  await service.end('SIGTERM')
  assert.equal(await told, false)
})
