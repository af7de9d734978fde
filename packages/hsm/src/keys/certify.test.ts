/** What others believe of keys: requests for certificates as OpenSSL reads them, certificates, attestations. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Attestation, verifyAttestation } from '@keytether/card'
import { decode } from '@keytether/codec'
import { emulatorRoot } from '@keytether/emulator'
import { KeyBench } from '@keytether/test/key-bench'
import { caller, GroupToken } from '@keytether/test/token-group'
import type { RequestContent } from './pkcs10.ts'

const patient = () => AbortSignal.timeout(60_000)
const folder = mkdtempSync(join(tmpdir(), 'keytether-certify-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const content: RequestContent = {
  subject: [
    ['C', 'LU'],
    ['O', 'Söhne & "Co"'],
    ['OU', 'IT'],
    ['CN', 'www.example.com'],
  ],
  dnsNames: ['www.example.com', '*.example.com'],
  emailAddresses: ['web@example.com'],
  ipAddresses: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.9'],
  uris: ['https://www.example.com/a?b'],
}

async function start() {
  const tokens = [await GroupToken.make(), await GroupToken.make()] as const
  const bench = await KeyBench.open('sqlite::memory:', tokens)
  for (const token of tokens) await token.plugIn(bench.foundation.devices)
  const keys = [
    ['ec', { kind: 'EC', curve: 'secp384r1' }],
    ['rsa', { kind: 'RSA', bits: 2048 }],
    ['aes', { kind: 'AES', bits: 128 }],
  ] as const
  for (const [name, type] of keys) await bench.keys.create(caller, { name, group: 'pair', type }, patient())
  return { bench, tokens, devices: bench.foundation.devices }
}

test('requests, certificates, attestations', async t => {
  const { bench, tokens, devices } = await start()
  await using _ = bench
  const { keys } = bench

  for (const [name, pss, algorithm] of [
    ['ec', false, 'ecdsa-with-SHA256'],
    ['rsa', false, 'sha256WithRSAEncryption'],
    ['rsa', true, 'rsassaPss'],
  ] as const) {
    await t.test(`a request: ${algorithm}`, async () => {
      const { request } = await keys.certificationRequest(caller, name, { ...content, pss }, patient())
      writeFileSync(join(folder, `${name}.csr`), request)
      const text = openssl(
        'req',
        '-verify',
        '-inform',
        'DER',
        '-in',
        `${name}.csr`,
        '-noout',
        '-text',
        '-nameopt',
        'utf8,sep_comma_plus',
      )
      assert.match(text, new RegExp(`Signature Algorithm: ${algorithm}`))
      assert.match(text, /Subject: C=LU,O=Söhne & "Co",OU=IT,CN=www.example.com/)
      for (const wanted of [
        'DNS:www.example.com, DNS:*.example.com',
        'email:web@example.com',
        'IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, IP Address:0:0:0:0:0:FFFF:C000:209',
        'URI:https://www.example.com/a?b',
      ]) {
        assert.ok(text.includes(wanted), text)
      }
    })
  }

  await t.test('what no request can have', async () => {
    for (const bad of [
      { subject: [['XX', 'a']] },
      { subject: [['C', 'Luxembourg']] },
      { subject: [['CN', '']] },
      { subject: [['CN', 'a\nb']] },
      { subject: [], dnsNames: ['a b'] },
      { subject: [], ipAddresses: ['192.0.2.256'] },
      { subject: [], ipAddresses: ['fe80::1%eth0'] },
    ] as const) {
      await assert.rejects(
        keys.certificationRequest(caller, 'ec', bad, patient()),
        { code: 'INVALID' },
        JSON.stringify(bad),
      )
    }
    await assert.rejects(keys.certificationRequest(caller, 'aes', content, patient()), { code: 'INVALID' })
  })

  await t.test('a certificate is on all members, also on those that return, and its key still attested', async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=CA',
    )
    openssl(
      'x509',
      '-req',
      '-inform',
      'DER',
      '-in',
      'ec.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-outform',
      'DER',
      '-out',
      'ec.crt',
    )
    const certificate = new Uint8Array(readFileSync(join(folder, 'ec.crt')))
    devices.hsm(tokens[1].path).close('pulled')
    const stored = await keys.storeCertificate(caller, 'ec', { certificate }, patient())
    assert.deepEqual(stored.devices, [tokens[0].path])
    await tokens[1].plugIn(devices)
    const there = () => devices.hsm(tokens[1].path).keys.some(({ info }) => info.certificateKind === 'x509')
    for (let round = 0; round < 500 && !there(); round++) await new Promise(done => setTimeout(done, 10))
    for (const token of tokens) {
      const [key] = (await (await token.card()).inventory()).keys
      assert.deepEqual(key!.certificate, certificate)
    }
    await assert.rejects(keys.storeCertificate(caller, 'rsa', { certificate }, patient()), { code: 'INVALID' })
    const nonsense = Uint8Array.of(0x30, 0)
    await assert.rejects(keys.storeCertificate(caller, 'ec', { certificate: nonsense }, patient()), { code: 'INVALID' })
  })

  for (const name of ['ec', 'rsa']) {
    await t.test(`an attestation: ${name}`, async () => {
      const attestation = decode(Attestation, await keys.attestation(caller, name))
      const verdict = verifyAttestation(attestation, [emulatorRoot])
      assert.deepEqual([verdict.chain.ok, verdict.keys.map(({ ok }) => ok)], [true, [true]])
      assert.equal(attestation.keys[0]!.told.label, name)
    })
  }

  await t.test('nobody vouches for secret keys', async () => {
    await assert.rejects(keys.attestation(caller, 'aes'), { code: 'NOT_FOUND', message: /key pairs only/ })
  })
})
