import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Certificate, cardContactRoots } from '@keytether/card'
import { encode } from '@keytether/codec'
import { requirePeers } from '@keytether/test/peers'
import { readConfig } from './config.ts'
import { ConfigError } from './errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-config-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return name
}

const token = '0123456789abcdef'
const read = (settings: unknown, environment = {}) => readConfig(settings, folder, environment)

function mistakes(settings: unknown, environment = {}): readonly string[] {
  try {
    read(settings, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return assert.fail('wanted mistakes')
}

test('with a token alone, the service is for this machine and for devices that were sold', () => {
  const { config, log } = read({}, { KEYTETHER_TOKEN: token })
  assert.deepEqual([config.host, config.port, config.tokens, log.level], ['127.0.0.1', 8080, [token], 'info'])
  assert.deepEqual(
    config.devices.roots.map(({ kind }) => kind),
    ['production'],
  )
})

test('tokens are the lines of a file, and the one of the environment', () => {
  const tokens = file('tokens', `# for the tests\n${token}1\n\n${token}2\r\n`)
  const { config } = read({ tokens }, { KEYTETHER_TOKEN: token })
  assert.deepEqual(config.tokens, [`${token}1`, `${token}2`, token])
})

test('a token that no bearer header can carry is refused', () => {
  for (const bad of ['with spaces in between', 'mit-Umlauten-äöü-und-mehr', '=0123456789abcdef']) {
    const [mistake = ''] = mistakes({}, { KEYTETHER_TOKEN: bad })
    assert.match(mistake, /^KEYTETHER_TOKEN: wanted a token of letters, digits/)
    assert.ok(!mistake.includes(bad))
  }
})

test('passkeys are for a name, over TLS or on this machine', () => {
  for (const url of ['https://hsm.example.com', 'https://hsm.example.com:8443/', 'http://localhost:8080']) {
    assert.equal(read({ url }, { KEYTETHER_TOKEN: token }).config.url, url)
  }
  for (const url of [
    'hsm.example.com',
    'http://hsm.example.com',
    'http://localhost.example.com',
    'https://192.0.2.7',
    'https://[2001:db8::7]',
    'https://hsm.example.com/path',
    'https://ann@hsm.example.com',
    'ftp://localhost',
  ]) {
    assert.match(mistakes({ url }, { KEYTETHER_TOKEN: token }).join(), /^url: wanted a URL/, url)
  }
})

test('own roots and the test root have to be named', () => {
  const root = file('root.cvc', encode(Certificate, cardContactRoots[1]!.certificate))
  const { config } = read({ roots: { test: true, own: [root] } }, { KEYTETHER_TOKEN: token })
  assert.deepEqual(
    config.devices.roots.map(({ kind }) => kind),
    ['production', 'test', 'own'],
  )
})

test('devices can be limited, and have their PINs on record', () => {
  const pins = file('pins', '{"A.B.C": "648219"}')
  const { config } = read({ devices: { allowed: ['A.B.C'], pins } }, { KEYTETHER_TOKEN: token })
  assert.deepEqual(config.devices.allowed, ['A.B.C'])
  assert.deepEqual(config.devices.pins?.get('A.B.C'), new TextEncoder().encode('648219'))
})

test('certificate and key have to fit', t => {
  if (!requirePeers(t, ['openssl'])) return
  for (const name of ['one', 'two']) {
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
    ]
    execFileSync('openssl', [...args, '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)], {
      stdio: 'ignore',
    })
  }
  const fitting = { certificate: 'one.pem', key: 'one.key', clientAuthorities: 'two.pem' }
  assert.match(read({ tls: fitting }).config.tls!.certificate, /^-----BEGIN CERTIFICATE/)
  assert.match(
    mistakes({ tls: { ...fitting, key: 'two.key' } })[0]!,
    /^tls: certificate and key cannot be used together/,
  )
  assert.match(mistakes({ tls: { ...fitting, clientAuthorities: 'two.key' } })[0]!, /clientAuthorities: wanted/)
  const fingerprints = mistakes({
    tls: { ...fitting, clientAuthorities: undefined, clientFingerprints: ['ab'.repeat(32)] },
  })
  assert.match(fingerprints[0]!, /by which authority/)
})

test('all mistakes are told at once', () => {
  const settings = {
    port: 70_000,
    tokens: 'nowhere',
    tls: { certificate: 'nowhere' },
    roots: { own: [file('no-root', 'x')] },
    devices: { pins: file('bad-pins', '{"A.B.C": "4711"}') },
    log: 'loud',
    color: 'red',
  }
  const told = mistakes(settings, { KEYTETHER_TOKEN: 'short' })
  for (const one of [/^port: /, /^tokens: cannot read nowhere: ENOENT/, /^tls.key: /, /^roots.own.0: wanted a card/]) {
    assert.ok(
      told.some(text => one.test(text)),
      `${one} in ${told}`,
    )
  }
  for (const one of [/^devices.pins: wanted/, /^log: /, /color/, /^KEYTETHER_TOKEN: wanted a token of at least 16/]) {
    assert.ok(
      told.some(text => one.test(text)),
      `${one} in ${told}`,
    )
  }
  assert.doesNotMatch(told.join(), /4711|short/)
})

test('a service that no device could use is a mistake', () => {
  assert.match(mistakes({ roots: { production: false } }, { KEYTETHER_TOKEN: token })[0]!, /no device could be trusted/)
})

test('the database is beside the configuration, unless it says where', () => {
  const url = (database?: string) => read({ database }, { KEYTETHER_TOKEN: token }).config.database
  assert.equal(url(), `sqlite:${join(folder, 'keytether.db')}`)
  assert.equal(url('sqlite:data/x.db'), `sqlite:${join(folder, 'data/x.db')}`)
  assert.equal(url('sqlite:/var/lib/x.db'), 'sqlite:/var/lib/x.db')
  assert.equal(url('sqlite::memory:'), 'sqlite::memory:')
  assert.equal(url('postgres://keytether@db/x'), 'postgres://keytether@db/x')
  assert.match(mistakes({ database: 'mysql://x' }, { KEYTETHER_TOKEN: token })[0]!, /^database: wanted sqlite:FILE or/)
})

test('the master key is in one of four places', () => {
  const digits = '0a'.repeat(32)
  const key = { key: new Uint8Array(32).fill(0x0a) }
  const environment = { KEYTETHER_TOKEN: token, MASTER: digits, CREDENTIALS_DIRECTORY: folder }
  const master = (masterKey: unknown) => read({ masterKey }, environment).config.masterKey
  assert.deepEqual(master({ file: file('key', `${digits}\n`) }), key)
  assert.deepEqual(master({ environment: 'MASTER' }), key)
  assert.deepEqual(master({ credential: 'key' }), key)
  assert.deepEqual(master({ passphraseFile: file('words', 'correct horse battery\n') }), {
    passphrase: 'correct horse battery',
  })
  assert.equal(master(undefined), undefined)
  for (const [masterKey, message] of [
    [{}, /wanted one of file, passphraseFile, environment and credential/],
    [{ file: 'key', environment: 'MASTER' }, /wanted one of/],
    [{ file: file('short', '0a') }, /wanted a master key of 64 hexadecimal digits/],
    [{ environment: 'NONE' }, /wanted a master key of 64/],
    [{ passphraseFile: file('few', 'few words') }, /wanted a passphrase of at least 12/],
    [{ credential: 'none' }, /cannot read the credential none: ENOENT/],
    [{ credential: '../key' }, /wanted the name of a credential/],
    [{ file: 'none' }, /masterKey.file: cannot read none: ENOENT/],
  ] as const) {
    const [mistake = ''] = mistakes({ masterKey }, environment)
    assert.match(mistake, message)
    assert.ok(!mistake.includes(digits))
  }
  const [mistake = ''] = mistakes({ masterKey: { credential: 'key' } }, { KEYTETHER_TOKEN: token })
  assert.match(mistake, /there are no credentials here/)
})
