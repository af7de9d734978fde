/** Key files as OpenSSL and Java's keytool write them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { anyTlv, concat, DecodeError, decode, encode, sequenceOf } from '@keytether/codec'
import { fuzz } from '@keytether/test/fuzz'
import { type Peer, requirePeers } from '@keytether/test/peers'
import { CustodyError } from '../errors.ts'
import { type KeyFile, readKeyFile } from './key-file.ts'
import { Effort } from './password-encryption.ts'
import { pemObjects } from './pem.ts'
import { readPkcs12 } from './pkcs12.ts'

const folder = mkdtempSync(join(tmpdir(), 'keytether-key-files-'))
after(() => rmSync(folder, { recursive: true }))

function run(program: Peer, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
}

function read(name: string, password = 'secret'): Promise<KeyFile> {
  return readKeyFile(readFileSync(join(folder, name)), async () => password)
}

/** NAME.key and NAME.crt. */
function make(name: string, ...algorithm: readonly string[]): void {
  run('openssl', 'genpkey', ...algorithm, '-out', `${name}.key`)
  run('openssl', 'req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/O=Test/CN=${name}`, '-out', `${name}.crt`)
}

const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]

function pkcs12(file: string, key: string, password: string, ...more: readonly string[]): void {
  const source = ['-inkey', `${key}.key`, '-in', `${key}.crt`]
  run('openssl', 'pkcs12', '-export', ...source, '-out', file, '-passout', `pass:${password}`, ...more)
}

const summary = ({ keys }: KeyFile) =>
  keys.map(({ label, type, certificate }) => [label, type, certificate !== undefined])

test('PKCS #12 of OpenSSL', async t => {
  if (!requirePeers(t, ['openssl'])) return
  make('rsa', ...rsa(2048))
  make('large', ...rsa(4096))
  for (const curve of ['P-256', 'P-521', 'secp256k1', 'brainpoolP256r1', 'brainpoolP512r1']) make(curve, ...ec(curve))

  const files: readonly (readonly [
    name: string,
    key: string,
    password: string,
    more: readonly string[],
    type: string,
  ])[] = [
    ['AES-256 and a MAC with SHA-256', 'rsa', 'secret', [], 'RSA 2048'],
    ['RC2-40 and triple DES', 'rsa', 'secret', ['-legacy'], 'RSA 2048'],
    [
      'RC2-128',
      'rsa',
      'secret',
      ['-legacy', '-keypbe', 'PBE-SHA1-RC2-128', '-certpbe', 'PBE-SHA1-RC2-128'],
      'RSA 2048',
    ],
    ['a MAC with SHA-512', 'rsa', 'secret', ['-macalg', 'sha512'], 'RSA 2048'],
    ['without a MAC', 'rsa', 'secret', ['-nomac'], 'RSA 2048'],
    ['keys in the clear', 'rsa', 'secret', ['-keypbe', 'NONE', '-certpbe', 'NONE'], 'RSA 2048'],
    ['an empty password', 'rsa', '', [], 'RSA 2048'],
    ['an empty password, the old way', 'rsa', '', ['-legacy'], 'RSA 2048'],
    ['a password beyond ASCII', 'rsa', 'pässwörd €', [], 'RSA 2048'],
    ['a password beyond ASCII, the old way', 'rsa', 'pässwörd €', ['-legacy'], 'RSA 2048'],
    ['RSA 4096', 'large', 'secret', [], 'RSA 4096'],
    ['P-256', 'P-256', 'secret', [], 'EC secp256r1'],
    ['P-521', 'P-521', 'secret', [], 'EC secp521r1'],
    ['secp256k1', 'secp256k1', 'secret', ['-legacy'], 'EC secp256k1'],
    ['Brainpool, 256 bits', 'brainpoolP256r1', 'secret', [], 'EC brainpoolP256r1'],
    ['Brainpool, 512 bits', 'brainpoolP512r1', 'secret', [], 'EC brainpoolP512r1'],
  ]
  for (const [name, key, password, more, type] of files) {
    await t.test(name, async () => {
      pkcs12('file.p12', key, password, '-name', 'Schlüssel', ...more)
      const file = await read('file.p12', password)
      assert.deepEqual(summary(file), [['Schlüssel', type, true]])
      assert.equal(file.keys[0]!.obstacle, undefined)
    })
  }

  await t.test('certificates of issuers are told from that of the key', async () => {
    pkcs12('file.p12', 'rsa', 'secret', '-certfile', 'P-256.crt')
    const file = await read('file.p12')
    assert.deepEqual(summary(file), [['rsa', 'RSA 2048', true]])
    assert.deepEqual(
      file.issuers.map(({ label }) => label),
      ['P-256'],
    )
  })

  await t.test('written as it came, without lengths', async () => {
    for (const more of [[], ['-legacy'], ['-nomac'], ['-keypbe', 'NONE', '-certpbe', 'NONE']]) {
      pkcs12('file.p12', 'rsa', 'secret', ...more)
      const ber = withoutLengths(readFileSync(join(folder, 'file.p12')))
      const file = await readKeyFile(ber, async () => 'secret')
      assert.deepEqual(summary(file), [['rsa', 'RSA 2048', true]], more.join())
    }
  })

  await t.test('fuzzed', () => {
    pkcs12('file.p12', 'P-256', 'secret', '-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac')
    const sample = new Uint8Array(readFileSync(join(folder, 'file.p12')))
    fuzz('PKCS #12', file => readPkcs12(file, 'secret'), [sample], { errors: [CustodyError] })
  })

  await t.test('a wrong password is told from an altered file, and that from a damaged one', async () => {
    for (const more of [[], ['-legacy'], ['-nomac']]) {
      pkcs12('file.p12', 'rsa', 'secret', ...more)
      await assert.rejects(read('file.p12', 'wrong'), { code: 'WRONG_PASSWORD' }, more.join())
    }
    pkcs12('file.p12', 'rsa', 'secret', '-keypbe', 'NONE', '-certpbe', 'NONE')
    const bytes = readFileSync(join(folder, 'file.p12'))
    const altered = Uint8Array.from(bytes)
    // A letter of the certificate.
    altered[bytes.indexOf('Test')]! ^= 0x20
    await assert.rejects(
      readKeyFile(altered, async () => 'secret'),
      { code: 'DAMAGED', message: /altered/ },
    )
    for (const length of [1, 100, bytes.length - 1]) {
      await assert.rejects(
        readKeyFile(bytes.subarray(0, length), async () => 'secret'),
        { code: 'DAMAGED' },
      )
    }
  })
})

/** As programs write it that do not know lengths beforehand: those of sequences left out, and long strings in pieces. */
function withoutLengths(der: Uint8Array): Uint8Array {
  const end = Uint8Array.of(0, 0)
  return concat(
    ...decode(sequenceOf(anyTlv), der).map(({ tag, value }) => {
      if (tag & 0x20) return concat(Uint8Array.of(tag, 0x80), withoutLengths(value), end)
      if (tag !== 0x04 || value.length < 100) return encode(anyTlv, { tag, value })
      const pieces = [value.subarray(0, 64), value.subarray(64)].map(piece => encode(anyTlv, { tag, value: piece }))
      return concat(Uint8Array.of(0x24, 0x80), ...pieces, end)
    }),
  )
}

test('PKCS #12 of keytool: several keys, and secret keys', async t => {
  if (!requirePeers(t, ['keytool'])) return
  const store = ['-keystore', 'java.p12', '-storetype', 'PKCS12', '-storepass', 'changeit']
  const pair = (alias: string, ...more: string[]) =>
    run('keytool', '-genkeypair', '-alias', alias, '-dname', `CN=${alias}`, ...store, ...more)
  pair('one', '-keyalg', 'EC', '-groupname', 'secp256r1')
  pair('two', '-keyalg', 'RSA', '-keysize', '3072')
  pair('three', '-keyalg', 'Ed25519')
  run('keytool', '-genseckey', '-alias', 'four', '-keyalg', 'AES', '-keysize', '256', ...store)
  const file = await read('java.p12', 'changeit')
  assert.deepEqual(summary(file), [
    ['one', 'EC secp256r1', true],
    ['two', 'RSA 3072', true],
    ['three', 'Ed25519', true],
  ])
  assert.deepEqual(
    file.keys.map(({ obstacle }) => obstacle !== undefined),
    [false, false, true],
  )
  assert.deepEqual(file.secrets, ['four'])
  await assert.rejects(read('java.p12', 'changed'), { code: 'WRONG_PASSWORD' })
})

test('PEM and DER', async t => {
  if (!requirePeers(t, ['openssl'])) return
  make('plain', ...rsa(2048))
  make('curve', ...ec('brainpoolP384r1'))
  const convert = (...args: string[]) => run('openssl', ...args)
  const files: readonly (readonly [name: string, type: string, make: readonly string[]])[] = [
    ['PKCS #8', 'RSA 2048', ['pkcs8', '-topk8', '-nocrypt', '-in', 'plain.key']],
    ['PKCS #8, DER', 'RSA 2048', ['pkcs8', '-topk8', '-nocrypt', '-in', 'plain.key', '-outform', 'DER']],
    ['encrypted', 'RSA 2048', ['pkcs8', '-topk8', '-passout', 'pass:secret', '-in', 'plain.key']],
    [
      'encrypted, DER',
      'RSA 2048',
      ['pkcs8', '-topk8', '-passout', 'pass:secret', '-in', 'plain.key', '-outform', 'DER'],
    ],
    [
      'encrypted, scrypt',
      'RSA 2048',
      ['pkcs8', '-topk8', '-scrypt', '-passout', 'pass:secret', '-in', 'plain.key', '-outform', 'DER'],
    ],
    ['PKCS #1', 'RSA 2048', ['rsa', '-traditional', '-in', 'plain.key']],
    ['PKCS #1, DER', 'RSA 2048', ['rsa', '-traditional', '-in', 'plain.key', '-outform', 'DER']],
    [
      'PKCS #1, encrypted',
      'RSA 2048',
      ['rsa', '-traditional', '-aes128', '-passout', 'pass:secret', '-in', 'plain.key'],
    ],
    ['SEC 1', 'EC brainpoolP384r1', ['ec', '-in', 'curve.key']],
    ['SEC 1, DER', 'EC brainpoolP384r1', ['ec', '-in', 'curve.key', '-outform', 'DER']],
    ['without the public key', 'EC brainpoolP384r1', ['ec', '-in', 'curve.key', '-no_public', '-outform', 'DER']],
  ]
  for (const [name, type, make] of files) {
    await t.test(name, async () => {
      convert(...make, '-out', 'file')
      assert.deepEqual(summary(await read('file')), [[undefined, type, false]])
      if (name.includes('encrypted')) await assert.rejects(read('file', 'wrong'), { code: 'WRONG_PASSWORD' })
    })
  }
  await t.test('keys and certificates in one text', async () => {
    const text = ['curve.key', 'plain.crt', 'curve.crt', 'plain.key'].map(name => readFileSync(join(folder, name)))
    const file = await readKeyFile(Buffer.concat(text), () => assert.fail('no password is needed'))
    assert.deepEqual(summary(file), [
      ['curve', 'EC brainpoolP384r1', true],
      ['plain', 'RSA 2048', true],
    ])
  })
})

describe('files that would keep us busy', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const encrypted = { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' } as const
  const der = new Uint8Array(privateKey.export({ ...encrypted, format: 'der' }))
  const pem = (file: Uint8Array) =>
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${Buffer.from(file).toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
  const open = (file: string | Uint8Array, password = 'secret') => readKeyFile(Buffer.from(file), async () => password)

  test('what makes a key of the password is bounded, in DER and in PEM, and for all keys together', async () => {
    const at = Buffer.from(der).indexOf(Buffer.from('02020800', 'hex'))
    assert.ok(at > 0)
    // More than 2048 iterations, and two more bytes in all that is around the number.
    const slow = Uint8Array.from([...der.subarray(0, at), 0x02, 0x04, 0x7f, 0xff, 0xff, 0xff, ...der.subarray(at + 4)])
    for (const length of [2, 4, 17, 19, 32]) slow[length]! += 2
    for (const file of [slow, pem(slow)]) {
      await assert.rejects(open(file), { code: 'DAMAGED', message: /2147483647 iterations/ })
    }
    const { keys } = await open(pem(der).repeat(3))
    assert.equal(keys.length, 3)
    const effort = new Effort()
    effort.spend(15_000_000)
    assert.throws(() => effort.spend(15_000_000), DecodeError)
    assert.throws(() => effort.spend(0), DecodeError)
  })

  test('beginnings without an end', () => {
    const started = performance.now()
    assert.deepEqual(pemObjects(Buffer.from('-----BEGIN A-----'.repeat(60_000))), [])
    assert.ok(performance.now() - started < 2_000)
  })

  test('a wrong password is one, also where what it deciphers to has an end that fits', async () => {
    for (let i = 0; i < 600; i++) await assert.rejects(open(der, `wrong ${i}`), { code: 'WRONG_PASSWORD' })
  })
})

describe('refused', () => {
  test('keys that a card cannot have, by name', async t => {
    if (!requirePeers(t, ['openssl'])) return
    run('openssl', 'dsaparam', '-out', 'dsa.parameters', '1024')
    const keys: readonly (readonly [type: string, make: readonly string[]])[] = [
      ['Ed25519', ['-algorithm', 'ed25519']],
      ['RSA 1000', rsa(1000)],
      ['RSA for PSS alone', ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048']],
      ['EC sect283r1', ec('sect283r1')],
      ['DSA', ['-paramfile', 'dsa.parameters']],
    ]
    for (const [type, make] of keys) {
      run('openssl', 'genpkey', ...make, '-out', 'key')
      const { keys } = await read('key')
      assert.equal(keys[0]!.type, type)
      assert.match(keys[0]!.obstacle ?? '', /card/)
    }
  })
  test('what is no key file', async () => {
    const password = async () => 'secret'
    await assert.rejects(readKeyFile(Buffer.from('hello'), password), { code: 'DAMAGED' })
    await assert.rejects(readKeyFile(Buffer.from('3003020100', 'hex'), password), { code: 'NOT_A_KEY_FILE' })
    await assert.rejects(readKeyFile(new Uint8Array(), password), { code: 'DAMAGED' })
  })
})
