/** Requests with a client certificate of a tenant's authority, to a service in a process of its own: on one connection, and with one each. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createLog, startService } from '@keytether/server'
import { heading, print, rate } from './report.ts'

const [role, pki = ''] = process.argv.slice(2)
const token = 'known-to-everybody-in-this-benchmark'
const pem = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8')

if (role === 'service') await service()
else await main()

async function service(): Promise<void> {
  const tls = { certificate: pem(pki, 'ca.pem'), key: pem(pki, 'ca.key'), clientCertificates: true }
  const config = { host: '127.0.0.1', port: 0, tls, tokens: [token], devices: { roots: [] } }
  const { url, hsm } = await startService(config, createLog('error'))
  const login = { credential: 'bench', address: '127.0.0.1' }
  const caller = (await hsm.logins.byName('bench', hsm.tenants.main, ['administrator'], login))!
  await hsm.authorities.create(caller, 'office', pem(pki, 'ca.pem'))
  await hsm.principals.create(caller, 'web', { roles: ['operator'], tags: [] })
  const binding = { name: 'x509', authority: 'office', identity: 'dns:web.example.com', settings: {} }
  await hsm.authorities.bind(caller, 'web', binding)
  console.log(url)
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-bench-'))
  makePki(folder)
  const child = spawn(process.execPath, [import.meta.filename, 'service', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [url] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(20_000) })
    heading('Log-ins with a client certificate over TLS 1.3, one after the other')
    const options = { ca: pem(folder, 'ca.pem'), servername: 'localhost' }
    const certificate = { cert: pem(folder, 'web.pem'), key: pem(folder, 'web.key') }
    for (const keepAlive of [true, false]) {
      const sessions = { keepAlive, maxCachedSessions: 0 }
      const shown = new Agent({ ...options, ...certificate, ...sessions })
      const plain = new Agent({ ...options, ...sessions })
      const value = await rate(() => call(shown, `${url}/v1/me`, {}))
      const beside = await rate(() => call(plain, `${url}/v1/me`, { authorization: `Bearer ${token}` }))
      const name = keepAlive ? 'requests on one connection' : 'requests with a connection each'
      print({ name, value, unit: '/s', beside: { name: 'with a token', value: beside } })
      for (const agent of [shown, plain]) agent.destroy()
    }
  } finally {
    child.kill()
    rmSync(folder, { recursive: true })
  }
}

function makePki(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = (name: string) => ['-addext', `subjectAltName=DNS:${name}`]
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=localhost',
    ...names('localhost'),
  )
  const request = ['-keyout', 'web.key', '-out', 'web.csr', '-subj', '/CN=web', ...names('web.example.com')]
  openssl('req', ...newKey, ...request)
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copy']
  openssl('x509', '-req', '-in', 'web.csr', ...by, '-out', 'web.pem')
}

async function call(agent: Agent, url: string, headers: Record<string, string>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const request = get(url, { agent, headers }, response => {
    response.resume().on('end', resolve)
    if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`))
  })
  request.on('error', reject)
  return promise
}
