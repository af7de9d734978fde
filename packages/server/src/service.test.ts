import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { requirePeers } from '@keytether/test/peers'
import type { ServiceConfig } from './config.ts'
import { createLog } from './log.ts'
import { startService } from './service.ts'

const token = 'a-token-for-this-test'
const config: ServiceConfig = { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [] } }
const log = createLog('silent')

test('cards and applications share one port', async () => {
  const service = await startService(config, log)
  assert.match(service.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  const keys = await fetch(`${service.url}/se/api/keys`, { headers: { Authorization: `bearer ${token}` } })
  assert.deepEqual([keys.status, await keys.json()], [200, []])
  const ram = await fetch(`${service.url}/rt/hsm`)
  assert.deepEqual([ram.status, ram.headers.get('allow')], [405, 'POST'])
  assert.equal((await fetch(`${service.url}/rt/hsmx`)).status, 404)
  await Promise.all([service.close(), service.close()])
  await assert.rejects(fetch(service.url))
})

test('what is not HTTP is told so and shown the door', async () => {
  const service = await startService(config, log)
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  socket.end('E8 04 C0 02 3B 00\r\n\r\n')
  assert.match(await text(socket), /^HTTP\/1.1 400 Bad Request[\s\S]*"code": "BAD_REQUEST"/)
  await service.close()
})

test('headers are limited', async () => {
  const service = await startService(config, log)
  const status = await new Promise((resolve, reject) => {
    const headers = { 'X-Large': 'x'.repeat(20_000) }
    httpRequest(`${service.url}/health/alive`, { headers }, answer => resolve(answer.statusCode))
      .on('error', reject)
      .end()
  })
  assert.equal(status, 431)
  await service.close()
})

test('a client certificate is as good as a token, if it is one of those', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const pki = makePki()
  const tls = {
    certificate: pki.read('server.pem'),
    key: pki.read('server.key'),
    clientAuthorities: pki.read('ca.pem'),
  }
  const start = (clientFingerprints?: string[]) =>
    startService({ ...config, tokens: [], tls: { ...tls, clientFingerprints } }, log)
  const ask = async (url: string, options: RequestOptions) => {
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const all = { ca: tls.certificate, servername: 'localhost', agent: false, ...options }
      request(`${url}/se/api/keys`, all, resolve).on('error', reject).end()
    })
    return [answer.statusCode, await json(answer)]
  }
  const alice = { cert: pki.read('alice.pem'), key: pki.read('alice.key') }
  const mallory = { cert: pki.read('mallory.pem'), key: pki.read('mallory.key') }

  const service = await start()
  assert.deepEqual(await ask(service.url, alice), [200, []])
  for (const other of [{}, mallory]) {
    const [status, body] = await ask(service.url, other)
    assert.deepEqual([status, (body as { code: string }).code], [401, 'UNAUTHORIZED'])
  }
  // A token that is none is not made good by a certificate.
  const elsewhere = { ...alice, localAddress: '127.0.0.2', headers: { Authorization: `Bearer ${token}` } }
  assert.equal((await ask(service.url, elsewhere))[0], 401)
  await service.close()

  const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256.replaceAll(':', '')
  for (const [name, status] of [
    ['alice', 200],
    ['server', 401],
  ] as const) {
    const picky = await start([fingerprint(pki.read(`${name}.pem`))])
    assert.equal((await ask(picky.url, alice))[0], status)
    await picky.close()
  }
  pki.remove()
})

/** A CA with a certificate of alice's, and self-signed ones of a server and of mallory. */
function makePki() {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-pki-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const selfSigned = (name: string, ...more: string[]) =>
    openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...more)
  selfSigned('ca', '-subj', '/CN=Test CA')
  selfSigned('server', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
  // The same name as the real one, from nowhere.
  selfSigned('mallory', '-subj', '/CN=alice')
  openssl('req', ...key, '-keyout', 'alice.key', '-out', 'alice.csr', '-subj', '/CN=alice')
  openssl(
    'x509',
    '-req',
    '-in',
    'alice.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'alice.pem',
  )
  return {
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
