/** Certificates and lists of revoked ones as openssl makes them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { eachDatabase } from '@keytether/test/databases'
import { openHsm } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { ClientCertificate } from './client-certificate.ts'
import { derOf } from './pem.ts'
import { revocationList } from './revocation-list.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-authorities-'))
after(() => rmSync(folder, { recursive: true }))
const login = { credential: 'test', address: '127.0.0.1' }
const root: Caller = { principal: 'prn_root', name: 'root', tenant: null, roles: ['root'], tags: [], login }

const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
const pem = (name: string) => readFileSync(join(folder, name), 'utf8')
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

function authority(name: string, subject = `/O=Test/CN=${name}`): string {
  openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '30', '-subj', subject)
  writeFileSync(join(folder, `${name}.index`), '')
  writeFileSync(
    join(folder, `${name}.cnf`),
    `[ca]\ndefault_ca=it\n[it]\ndatabase=${name}.index\ndefault_md=sha256\ndefault_crl_days=30\nserial=${name}.serial\n`,
  )
  return pem(`${name}.pem`)
}

/** @param extensions lines of openssl's configuration */
function issue(
  by: string,
  name: string,
  extensions: readonly string[] = [],
  more: readonly string[] = [],
): ClientCertificate {
  openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/C=DE/CN=${name}`)
  writeFileSync(join(folder, 'extensions'), extensions.join('\n'))
  const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-extfile', 'extensions']
  openssl('x509', '-req', '-in', `${name}.csr`, ...issuer, '-out', `${name}.pem`, '-days', '10', ...more)
  return shown(name)
}

const shown = (name: string) => new ClientCertificate(new Uint8Array(new X509Certificate(pem(`${name}.pem`)).raw))

function revoked(by: string, names: readonly string[], ...more: string[]): string {
  const files = ['-keyfile', `${by}.key`, '-cert', `${by}.pem`, '-config', `${by}.cnf`]
  for (const name of names) openssl('ca', ...files, '-revoke', `${name}.pem`)
  openssl('ca', ...files, '-gencrl', '-out', `${by}.crl`, ...more)
  return pem(`${by}.crl`)
}

const ca = new X509Certificate(authority('ca'))

test('whom a certificate names, the narrowest first', () => {
  const names = 'subjectAltName=DNS:WEB.example.com,email:web@example.com,URI:spiffe://example.com/web,IP:192.0.2.7'
  const { identities } = issue('ca', 'names', [names])
  assert.match(identities[0]!, /^fingerprint:[0-9A-F]{64}$/)
  assert.deepEqual(identities.slice(1), [
    'uri:spiffe://example.com/web',
    'email:web@example.com',
    'dns:web.example.com',
    'subject:C=DE, CN=names',
  ])
})

for (const [what, extensions, more, good] of [
  ['nothing about its use', [], [], true],
  ['for clients', ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'], [], true],
  ['for everything', ['extendedKeyUsage=anyExtendedKeyUsage'], [], true],
  ['for servers', ['extendedKeyUsage=serverAuth'], [], false],
  ['to encrypt with', ['keyUsage=keyEncipherment'], [], false],
  ['of an authority', ['basicConstraints=critical,CA:TRUE'], [], false],
  ['with what nobody knows and everybody has to', ['1.2.3.4=critical,DER:0500'], [], false],
  ['with what nobody knows', ['1.2.3.4=DER:0500'], [], true],
  ['signed with SHA-1', [], ['-sha1'], false],
] as const) {
  test(`a certificate ${what} is ${good ? 'taken' : 'refused'}`, () => {
    const certificate = issue('ca', 'one', extensions, more)
    assert.equal(certificate.isOf(ca, Date.now()), good)
  })
}

test('a certificate is good in its time, and of who has issued it', () => {
  const certificate = issue('ca', 'timely')
  const day = 86_400_000
  for (const [days, good] of [
    [-1, false],
    [1, true],
    [9, true],
    [11, false],
  ] as const)
    assert.equal(certificate.isOf(ca, Date.now() + days * day), good, `${days} days`)
  // Of the same name, and with another key.
  const other = new X509Certificate(authority('other', '/O=Test/CN=ca'))
  assert.equal(certificate.isOf(other, Date.now()), false)
  assert.equal(issue('other', 'forged').isOf(ca, Date.now()), false)
})

test('a list of revoked certificates in which one bit is another is none', () => {
  const der = derOf(revoked('ca', []), 'X509 CRL')
  assert.ok(revocationList(der, ca).nextUpdate)
  for (let bit = 0; bit < 8 * der.length; bit++) {
    const changed = Uint8Array.from(der)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => revocationList(changed, ca), { code: 'INVALID' }, `bit ${bit}`)
  }
})

test('a certificate in which one bit is another is not read, or not taken', () => {
  const der = new Uint8Array(issue('ca', 'changed', ['subjectAltName=DNS:web']).x509.raw)
  const isTaken = (bytes: Uint8Array) => {
    try {
      return new ClientCertificate(bytes).isOf(ca, Date.now())
    } catch {
      return false
    }
  }
  assert.ok(isTaken(der))
  for (let bit = 0; bit < 8 * der.length; bit++) {
    const changed = Uint8Array.from(der)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(isTaken(changed), false, `bit ${bit}`)
  }
})

eachDatabase((_, open) => {
  test('whoever shows a certificate of the identity is the principal, until the list says no', async t => {
    const real = Date.now
    let later = 0
    t.mock.method(Date, 'now', () => real() + later)
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const made = await hsm.tenants.create(root, 'office', 'ann')
    const ann = (await hsm.logins.byToken(made.credential.token, '127.0.0.1'))!
    const { authorities } = hsm
    await authorities.create(ann, 'ca', pem('ca.pem'))
    await assert.rejects(authorities.create(ann, 'ca', pem('ca.pem')), { code: 'EXISTS' })
    const web = issue('ca', 'web', ['subjectAltName=DNS:web.example.com'])
    const who = async (certificate = web, address = '127.0.0.1') => {
      const caller = await authorities.callerOf(certificate, address)
      return caller && [caller.name, caller.roles, caller.login.credential]
    }
    // Nobody logs in by an authority alone.
    assert.equal(await who(), undefined)
    await hsm.principals.create(ann, 'web', { roles: ['operator', 'manager'], tags: [] })
    const settings = { roles: ['operator'], addresses: ['127.0.0.0/8'] } as const
    const binding = { name: 'x509', authority: 'ca', identity: 'dns:web.example.com', settings }
    const bound = await authorities.bind(ann, 'web', binding)
    assert.deepEqual([bound.kind, bound.identity], ['certificate', 'dns:web.example.com'])
    assert.deepEqual(await who(), ['web', ['operator'], 'certificate x509'])
    assert.equal(await who(web, '192.0.2.7'), undefined)
    assert.equal(await who(issue('ca', 'mail', ['subjectAltName=DNS:mail.example.com'])), undefined)
    assert.equal(await who(issue('other', 'forged', ['subjectAltName=DNS:web.example.com'])), undefined)
    // The same name again, which the authority has given to nobody else.
    const renewed = issue('ca', 'renewed', ['subjectAltName=DNS:web.example.com'])
    assert.deepEqual(await who(renewed), ['web', ['operator'], 'certificate x509'])

    const list = revoked('ca', ['web'])
    const changed = await authorities.changeRevocations(ann, 'ca', list, 1)
    assert.deepEqual([changed.revision, changed.revocations?.serials.has(web.serial)], [2, true])
    assert.deepEqual([await who(), await who(renewed)], [undefined, ['web', ['operator'], 'certificate x509']])
    for (const [wrong, message] of [
      [revoked('other', []), /of another authority|not signed by/],
      [pem('ca.pem'), /wanted one X509 CRL/],
      [list.replace(/\n.{10}/, '\nMIIBAAAAAA'), /wanted a list/],
      [
        revoked('ca', [], '-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200201000000Z'),
        /was due on 2020-02-01/,
      ],
    ] as const)
      await assert.rejects(authorities.changeRevocations(ann, 'ca', wrong), { code: 'INVALID', message })
    await assert.rejects(authorities.changeRevocations(ann, 'ca', undefined, 1), { code: 'STALE' })
    // An overdue list says nothing about anybody, so nobody is let in.
    const day = 86_400_000
    const due = new Date(real() + 5 * day).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
    await authorities.changeRevocations(ann, 'ca', revoked('ca', [], '-crl_nextupdate', due))
    assert.equal((await who(renewed))?.[0], 'web')
    later = 6 * day
    assert.equal(await who(renewed), undefined)
    later = 0
    await authorities.changeRevocations(ann, 'ca', undefined)
    assert.equal((await who())?.[0], 'web')

    await assert.rejects(authorities.delete(ann, 'ca'), { code: 'WRONG_STATE', message: /^web logs in/ })
    await hsm.principals.change(ann, 'web', { disabled: true })
    assert.equal(await who(), undefined)
    await hsm.principals.change(ann, 'web', { disabled: false })
    await hsm.credentials.revoke(ann, 'web', 'x509')
    assert.equal(await who(), undefined)
    await authorities.delete(ann, 'ca')
    assert.deepEqual(authorities.list(ann), [])
    assert.throws(() => authorities.list(root), { code: 'FORBIDDEN' })
    await hsm.tenants.delete(root, 'office')
  })

  test('tenants with the same authority: none takes who is of another, and each has a list of its own', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const { authorities } = hsm
    const [office, lab] = await Promise.all(
      ['office', 'lab'].map(async name => {
        const { credential } = await hsm.tenants.create(root, name, 'ann')
        return (await hsm.logins.byToken(credential.token, '127.0.0.1'))!
      }),
    )
    for (const ann of [office!, lab!]) await authorities.create(ann, 'ca', pem('ca.pem'))
    const bind = (ann: Caller, identity: string) =>
      authorities.bind(ann, 'ann', { name: identity.slice(4), authority: 'ca', identity, settings: {} })
    await bind(office!, 'dns:office')
    await bind(lab!, 'dns:lab')
    await assert.rejects(bind(lab!, 'dns:lab'), { code: 'EXISTS' })
    const certificates = ['office', 'lab'].map(name => issue('ca', name, [`subjectAltName=DNS:${name}`]))
    const tenants = async () => {
      const callers = await Promise.all(certificates.map(one => authorities.callerOf(one, '127.0.0.1')))
      return callers.map(caller => caller?.tenant)
    }
    assert.deepEqual(await tenants(), [office!.tenant, lab!.tenant])
    // Named more narrowly, and still not theirs.
    const narrow = certificates[0]!.identities[0]!
    await authorities.bind(lab!, 'ann', { name: 'narrow', authority: 'ca', identity: narrow, settings: {} })
    assert.deepEqual(await tenants(), [undefined, lab!.tenant])
    const meant = await authorities.callerOf(certificates[0]!, '127.0.0.1', office!.tenant!)
    assert.equal(meant?.tenant, office!.tenant)
    await hsm.credentials.revoke(lab!, 'ann', 'narrow')
    await authorities.changeRevocations(lab!, 'ca', revoked('ca', ['office', 'lab']))
    assert.deepEqual(await tenants(), [office!.tenant, undefined])
  })

  test('what is no authority', async () => {
    await using hsm = await openHsm({ devices: { roots: [] }, database: await open() })
    const { credential } = await hsm.tenants.create(root, 'office', 'ann')
    const ann = (await hsm.logins.byToken(credential.token, '127.0.0.1'))!
    issue('ca', 'leaf', ['basicConstraints=CA:FALSE'])
    for (const [wrong, message] of [
      [pem('leaf.pem'), /may not issue any/],
      [`${pem('ca.pem')}${pem('other.pem')}`, /wanted one CERTIFICATE/],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /wanted a certificate/],
      [pem('ca.key'), /wanted one CERTIFICATE/],
    ] as const)
      await assert.rejects(hsm.authorities.create(ann, 'x', wrong), { code: 'INVALID', message })
  })
})
