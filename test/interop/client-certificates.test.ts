/** Certificates and lists of revoked ones as openssl makes them, shown by curl to a service that learned of them by the command line. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { createLog, readConfig, startService } from '@keytether/server'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-certificates-'))
after(() => rmSync(folder, { recursive: true }))
const token = 'a-token-for-this-test'

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const revocation = ['-keyfile', 'ca.key', '-cert', 'ca.pem', '-config', 'ca.cnf']

function selfSigned(name: string, ...more: string[]): void {
  openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...more)
}

function issue(name: string, alternative: string): void {
  writeFileSync(join(folder, 'extensions'), `subjectAltName=${alternative}\nextendedKeyUsage=clientAuth\n`)
  openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions']
  openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`)
}

async function start(t: TestContext): Promise<string> {
  selfSigned('ca', '-subj', '/CN=Office CA')
  selfSigned('server', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1')
  selfSigned('mallory', '-subj', '/CN=web', '-addext', 'subjectAltName=DNS:web.example.com')
  issue('web', 'DNS:web.example.com')
  issue('renewed', 'DNS:web.example.com')
  issue('mail', 'DNS:mail.example.com')
  writeFileSync(join(folder, 'index'), '')
  writeFileSync(
    join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n',
  )
  writeFileSync(join(folder, 'tokens'), token)
  const tls = { certificate: 'server.pem', key: 'server.key', clientCertificates: true }
  const settings = { port: 0, tls, tokens: 'tokens', database: 'sqlite::memory:' }
  const { config } = readConfig(settings, folder, {})
  const service = await startService(config, createLog('silent'))
  t.after(() => service.close())
  return service.url
}

test('curl logs in with a certificate, until it is revoked', async t => {
  if (!requirePeers(t, ['openssl', 'curl'])) return
  const url = await start(t)
  const ours = async (...args: string[]) => {
    const env = { KEYTETHER_URL: url, KEYTETHER_TOKEN: token }
    const { code, stdout, stderr } = await keytether([...args, '--ca', 'server.pem'], { cwd: folder, env })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const identities = await keytether(['authority', 'identities', 'web.pem'], { cwd: folder })
  assert.match(identities.stdout, /^fingerprint:[0-9A-F]{64}\ndns:web\.example\.com\nsubject:CN=web\n$/)
  await ours('principal', 'create', 'web', '--role', 'operator', 'auditor', '--no-token')
  assert.match(await ours('authority', 'add', 'office', '--certificate', 'ca.pem'), /\nRevoked +: no list\n/)
  const binding = ['--name', 'x509', '--authority', 'office', '--identity', 'dns:web.example.com', '--role', 'operator']
  assert.match(await ours('principal', 'certificate', 'web', ...binding), /\nIdentity : dns:web\.example\.com\n/)

  let address = 1
  /** From an address that has not failed yet. */
  const me = async (...more: string[]) => {
    const curl = ['-s', '--cacert', 'server.pem', '--interface', `127.0.0.${++address}`, ...more, `${url}/v1/me`]
    return JSON.parse((await promisify(execFile)('curl', curl, { cwd: folder })).stdout)
  }
  const showing = (name: string) => ['--cert', `${name}.pem`, '--key', `${name}.key`]
  const { name, roles } = await me(...showing('web'))
  assert.deepEqual([name, roles], ['web', ['operator']])
  assert.equal((await me('--tls-max', '1.2', ...showing('web'))).name, 'web')
  assert.match(await ours('principal', 'show', 'web'), /\nx509 \(dns:web\.example\.com\) .* roles operator\n/)

  // No certificate, one of nobody, one that names somebody else, and one that a wrong token is with.
  const refused = [
    await me(),
    await me(...showing('mallory')),
    await me(...showing('mail')),
    await me(...showing('web'), '-H', `Authorization: Bearer kt_${'x'.repeat(43)}`),
  ]
  const told = refused.map(({ status, code, detail }) => `${status} ${code} ${detail}`)
  assert.deepEqual([...new Set(told)], [told[0]])
  assert.match(told[0]!, /^401 UNAUTHORIZED /)

  openssl('ca', ...revocation, '-revoke', 'web.pem')
  openssl('ca', ...revocation, '-gencrl', '-out', 'ca.crl')
  assert.match(await ours('authority', 'crl', 'office', 'ca.crl'), /\nRevoked +: 1, as of /)
  assert.deepEqual([(await me(...showing('web'))).status, (await me(...showing('renewed'))).name], [401, 'web'])
  assert.match(await ours('authority', 'list'), /\noffice +CN=Office CA +\S+Z +1 +\S+Z\n/)
  await ours('authority', 'crl', 'office', '--none')
  assert.equal((await me(...showing('web'))).name, 'web')
  await ours('principal', 'token', 'revoke', 'web', '--name', 'x509')
  assert.equal((await me(...showing('web'))).status, 401)
  await ours('authority', 'delete', 'office', '--yes')
})
