/** A service that goes on: other certificates, tokens and log files without a restart, and an end that load balancers notice in time. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from 'node:tls'
import { killAll, longRunning } from '@keytether/test/long-running'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-reload-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

function makeCertificate(name: string): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file(`${name}.key`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', file(`${name}.pem`)], { stdio: 'pipe' })
  return new X509Certificate(readFileSync(file(`${name}.pem`))).fingerprint256
}

function take(name: string): void {
  for (const kind of ['pem', 'key']) writeFileSync(file(`server.${kind}`), readFileSync(file(`${name}.${kind}`)))
}

const settings = {
  port: 0,
  tls: { certificate: 'server.pem', key: 'server.key' },
  tokens: 'tokens',
  masterKey: { file: 'master.key' },
  logFile: 'service.log',
}
const write = (more: object = {}) => writeFileSync(file('service.json'), JSON.stringify({ ...settings, ...more }))

async function fingerprintAt(url: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerX509Certificate()!
  socket.destroy()
  return fingerprint256
}

async function status(url: string, path: string, token: string): Promise<number | undefined> {
  const headers = { Authorization: `Bearer ${token}` }
  const [response] = await once(get(`${url}${path}`, { headers, agent: false, rejectUnauthorized: false }), 'response')
  response.resume()
  return response.statusCode
}

test('certificate, tokens and log are taken anew; mistakes are told, and everything stays', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const [first, second] = [makeCertificate('first'), makeCertificate('second')]
  take('first')
  writeFileSync(file('tokens'), 'the-first-token-of-all\n')
  writeFileSync(file('master.key'), `${'0a'.repeat(32)}\n`)
  write()
  const service = longRunning(['serve', '--config', 'service.json'], folder)
  const { url = '' } = await service.event('ready')
  assert.equal(statSync(file('service.log')).mode & 0o777, 0o600)
  assert.equal(await fingerprintAt(url), first)
  const open = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false })
  await once(open, 'secureConnect')

  const hangUp = async (event: string) => {
    const told = service.event(event)
    service.child.kill('SIGHUP')
    return told as Promise<Record<string, unknown>>
  }
  take('second')
  writeFileSync(file('tokens'), 'the-second-token-of-all\n')
  write({ port: 1, log: 'warn' })
  renameSync(file('service.log'), file('service.log.1'))
  const { waiting } = await hangUp('reloaded')
  assert.deepEqual(waiting, ['port'])
  assert.equal(await fingerprintAt(url), second)
  assert.equal(await status(url, '/v1/me', 'the-first-token-of-all'), 401)
  assert.equal(await status(url, '/v1/me', 'the-second-token-of-all'), 200)
  assert.match(readFileSync(file('service.log.1'), 'utf8'), /service started/)
  assert.ok(existsSync(file('service.log')))
  // Whoever is connected stays so.
  open.write('GET /health/alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [answer] = await once(open, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 200 /)
  open.destroy()

  writeFileSync(file('server.key'), readFileSync(file('first.key')))
  const { mistakes } = await hangUp('not-reloaded')
  assert.match(String(mistakes), /tls: certificate and key cannot be used together/)
  writeFileSync(file('service.json'), '{')
  assert.match(String((await hangUp('not-reloaded')).mistakes), /service\.json is not JSON/)
  assert.match(readFileSync(file('service.log'), 'utf8'), /settings not taken, those before stay/)
  assert.equal(await fingerprintAt(url), second)
  assert.equal(await status(url, '/v1/me', 'the-second-token-of-all'), 200)
  assert.equal(await service.end('SIGTERM'), 0)
})

test('before it ends it says so, and goes on with requests until others have noticed', async t => {
  if (!requirePeers(t, ['openssl'])) return
  take('first')
  const token = 'the-second-token-of-all'
  write({ drain: 2 })
  const service = longRunning(['serve', '--config', 'service.json'], folder)
  const { url = '' } = await service.event('ready')
  assert.equal(await status(url, '/health/ready', token), 200)
  const ended = service.end('SIGTERM')
  while ((await status(url, '/health/ready', token)) === 200);
  assert.equal(await status(url, '/v1/me', token), 200)
  assert.equal(await ended, 0)
})
