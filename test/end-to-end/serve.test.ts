/** `keytether serve` and a token that dials in, as processes: settings, readiness, and an end in order. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-serve-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

const start = (args: readonly string[], env?: Record<string, string>) => longRunning(args, folder, env)

async function status(url: string, token?: string): Promise<number> {
  const response = await fetch(
    `${url}/keys`,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  )
  await response.arrayBuffer()
  return response.status
}

async function statusOverTls(url: string, options: RequestOptions): Promise<number | undefined> {
  const [response] = await once(get(`${url}/keys`, { ...options, agent: false }), 'response')
  response.resume()
  return response.statusCode
}

function poolThreads(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).filter(task => readFileSync(`${tasks}/${task}/comm`, 'utf8') === 'libuv-worker\n').length
}

const anywhere = ['--listen', '127.0.0.1:0']

test('makes a token where there is none, keeps it, and ends on both signals', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const service = start(['serve', ...anywhere, '--token-file', 'token'])
    const { api, ram } = (await service.event('ready')) as { api: string; ram: string }
    assert.equal(statSync(file('token')).mode & 0o777, 0o600)
    assert.match(ram, /^http:\/\/127\.0\.0\.1:\d+\/rt\/hsm$/)
    assert.equal(await status(api), 401)
    assert.equal(await status(api, readFileSync(file('token'), 'utf8').trim()), 200)
    assert.equal(poolThreads(service.child.pid), 64, 'many cards can be waited for at a time')
    assert.equal(await service.end(signal), 0)
  }
})

test('options win over the configuration file, whose files are beside it', async () => {
  mkdirSync(file('etc'))
  writeFileSync(file('etc/tokens'), '# who may\nsixteen-or-more-characters\n')
  writeFileSync(
    file('etc/service.json'),
    JSON.stringify({ host: '192.0.2.1', port: 1, tokens: 'tokens', log: 'silent' }),
  )
  const environment = { KEYTETHER_TOKEN: 'from-the-environment' }
  const service = start(['serve', '--config', 'etc/service.json', ...anywhere], environment)
  const { api } = (await service.event('ready')) as { api: string }
  assert.equal(await status(api, 'sixteen-or-more-characters'), 200)
  assert.equal(await status(api, 'from-the-environment'), 200)
  assert.equal(await service.end('SIGTERM'), 0)
})

test('over TLS, with a token that trusts its certificate', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem')]
  execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-out', file('cert.pem')], { stdio: 'pipe' })
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('so-pin'), '3537363231383830\n')
  const pins = ['--so-pin-file', file('so-pin'), '--pin-file', file('pin')]
  const made2 = await keytether(['card', 'initialize', '--yes', '--emulator', file('token.state'), ...pins])
  assert.equal(made2.code, 0, made2.stderr)
  assert.equal((await keytether(['emulator', 'root', '--out', file('root.cvc')])).code, 0)

  const tls = ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem', '--client-ca', 'cert.pem', '--trust', 'root.cvc']
  const service = start(['serve', ...anywhere, '--token-file', 'token', ...tls])
  const { ram, api } = (await service.event('ready')) as { ram: string; api: string }
  assert.match(ram, /^https:/)
  // The certificate is its own authority, and a client's, too.
  const [ca, key] = [readFileSync(file('cert.pem')), readFileSync(file('key.pem'))]
  assert.equal(await statusOverTls(api, { ca, cert: ca, key }), 200)
  assert.equal(await statusOverTls(api, { ca }), 401)
  const args = ['emulator', '--state', 'token.state', '--ram', ram, '--pin-file', 'pin']
  const stranger = start(args)
  const refused = await stranger.event('disconnected')
  assert.deepEqual([refused.code, /certificate is not trusted/.test(refused.reason!)], ['UNTRUSTED', true])
  assert.equal(await stranger.end('SIGTERM'), 0)
  const token = start([...args, '--ca', 'cert.pem'])
  await token.event('connected')
  const left = token.event('disconnected')
  assert.equal(await service.end('SIGTERM'), 0)
  assert.match((await left).reason!, /shutting down|cannot connect/)
  assert.equal(await token.end('SIGINT'), 0)
})

test('mistakes end with an error before anything listens', async () => {
  writeFileSync(file('broken.json'), '{')
  writeFileSync(file('nonsense'), 'nonsense')
  const rows: readonly (readonly [code: number, error: RegExp, args: readonly string[]])[] = [
    [2, /broken\.json is not JSON/, ['--config', 'broken.json']],
    [4, /no such file/, ['--config', 'missing.json']],
    [2, /roots\.own\.0: wanted a card verifiable certificate/, ['--trust', 'nonsense']],
    [2, /roots\.own\.0: cannot read .*missing: ENOENT/, ['--trust', 'missing']],
    [2, /tls\.key/, ['--tls-cert', 'nonsense']],
  ]
  for (const [code, error, args] of rows) {
    const run = await keytether(['serve', ...anywhere, '--token-file', 'token', ...args], { cwd: folder })
    assert.match(run.stderr, error)
    assert.equal(run.code, code)
  }
})
