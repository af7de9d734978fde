/** What applications do with keys, on two tokens that hold the same ones. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  constants,
  createECDH,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { publicKeyObject } from '@keytether/card'
import { concat, decode, encode, equal } from '@keytether/codec'
import { type KeyInfo, SmartCardHsm } from '@keytether/driver'
import { emulatorRoot } from '@keytether/emulator'
import { WrappedDataKey } from '@keytether/envelope'
import { eachDatabase } from '@keytether/test/databases'
import { caller, GroupToken } from '@keytether/test/token-group'
import type { HsmErrorCode } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { History } from '../history/history.ts'
import { Keys } from '../keys/keys.ts'
import { Pools } from '../scheduler/pools.ts'
import { Devices } from '../sessions/devices.ts'
import { heldKey } from '../sessions/held-keys.ts'
import { openStore } from '../store/store.ts'
import { Cryptography } from './cryptography.ts'
import type { ToSign } from './sign.ts'

const signal = new AbortController().signal
const text = (words: string) => new TextEncoder().encode(words)
const message = text('Hello, token')

const made = [
  ['ec', { kind: 'ec', curve: 'secp256r1' }],
  ['brainpool', { kind: 'ec', curve: 'brainpoolP320r1' }],
  ['strong', { kind: 'ec', curve: 'secp521r1' }],
  ['rsa', { kind: 'rsa', bits: 2048 }],
] as const

/** Two tokens with the same keys, each of them version 1 of a key; `old` and `new` are AES keys. */
async function open(url: string) {
  const tokens = [await GroupToken.make(), await GroupToken.make()] as const
  const cards = [await tokens[0].card(), await tokens[1].card()] as const
  const infos: [string, KeyInfo][] = []
  for (const [label, spec] of made) infos.push([label, await cards[0].generateKeyPair(spec, { label, keyDomain: 0 })])
  for (const label of ['old', 'new'])
    infos.push([label, await cards[0].secretKeys.generate(256, { label, keyDomain: 0 })])
  for (const [, { reference }] of infos) await cards[1].unwrapKey(await cards[0].wrapKey(reference))

  const store = await openStore(url)
  const devices = new Devices({ roots: [emulatorRoot] })
  const now = Date.now
  const foundation: Foundation = {
    ...{ store, history: new History(store, now), devices, now },
    pools: new Pools(devices, () => 'grp_test'),
  }
  const events: { type: string; subject: string }[] = []
  foundation.history.events.on('event', event => events.push(event))
  const first = await tokens[0].plugIn(devices)
  await tokens[1].plugIn(devices)
  await store.write(async db => {
    await db.insertInto('tenants').values({ id: 'tnt_test', name: 'main', created_at: 0 }).execute()
    const group = { id: 'grp_test', tenant_id: 'tnt_test', name: 'pair', key_domain: null, created_at: 0, revision: 1 }
    await db.insertInto('groups').values(group).execute()
    for (const [label, info] of infos) {
      const { identity, id } = first.keys.find(key => key.info.label === label) ?? heldKey(info, '')
      await db
        .insertInto('keys')
        .values({
          ...{ id: `key_${label}`, tenant_id: 'tnt_test', group_id: 'grp_test', name: label, kind: info.kind },
          ...{ parameter: info.curve ?? String(info.bits), algorithms: '[]', tags: '[]', durability: 2 },
          ...{ use_counter: null, rotate_after: null, primary_version: 1, created_at: 0, revision: 1 },
        })
        .execute()
      const { publicKey } = info
      const spki = publicKey && new Uint8Array(publicKeyObject(publicKey).export({ format: 'der', type: 'spki' }))
      await db
        .insertInto('key_versions')
        .values({
          ...{ id: versionId(label), key_id: `key_${label}`, version: 1, state: 'active', state_since: 0 },
          ...{ other_state: 'active', reason: null, card_key_id: id, label, public_key: spki ?? null, identity },
          ...{ wrapped: null, key_domain: null, attestation: null, certificate: null, destroy_at: null },
          ...{ uses: 0, last_used_at: null, created_at: 0 },
        })
        .execute()
    }
  })
  const keys = await Keys.open(foundation, { ensure: () => Promise.reject(new Error('nothing is placed here')) })
  const publicKeys = new Map(infos.map(([label, info]) => [label, info.publicKey]))
  const publicKey = (label: string): KeyObject => publicKeyObject(publicKeys.get(label)!)
  const close = async () => {
    devices.close('the test is over')
    await keys[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  }
  return { ...foundation, keys, crypto: new Cryptography(foundation, keys), tokens, events, publicKey, close }
}

function versionId(label: string): string {
  return `kv_${Buffer.from(label.padEnd(15, '.')).toString('base64url')}`
}

const code = (wanted: HsmErrorCode, words = /./) => ({ code: wanted, message: words })

async function gather(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return concat(...all)
}

describe('keys on two tokens', () => {
  let pool: Awaited<ReturnType<typeof open>>
  before(async () => {
    pool = await open('sqlite::memory:')
  })
  after(() => pool.close())

  const sign = (key: string, algorithm?: string, input: ToSign = { message }, format?: 'der' | 'raw') =>
    pool.crypto.sign(caller, { key }, input, { algorithm, format }, signal)

  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const ieee = { dsaEncoding: 'ieee-p1363' } as const
  const signatures = [
    ['ec', undefined, 'sha256', {}],
    ['ec', 'ECDSA_SHA1', 'sha1', {}],
    ['ec', 'ECDSA_SHA512', 'sha512', {}],
    ['ec', 'ES256', 'sha256', ieee],
    ['brainpool', undefined, 'sha384', {}],
    ['strong', undefined, 'sha512', {}],
    ['strong', 'ES512', 'sha512', ieee],
    ['rsa', undefined, 'sha256', {}],
    ['rsa', 'RSA_PKCS1_SHA224', 'sha224', {}],
    ['rsa', 'RS512', 'sha512', {}],
    ['rsa', 'RSA_PSS_SHA384', 'sha384', pss],
    ['rsa', 'PS256', 'sha256', pss],
  ] as const
  for (const [key, algorithm, hash, how] of signatures) {
    test(`${key} signs a message and its digest with ${algorithm ?? 'what fits it'}`, async () => {
      const digest = new Uint8Array(createHash(hash).update(message).digest())
      for (const input of [{ message }, { digest }]) {
        const { signature, version } = await sign(key, algorithm, input)
        assert.equal(version, 1)
        assert.ok(verify(hash, message, { key: pool.publicKey(key), ...how }, signature))
        const options = { algorithm }
        assert.equal(pool.crypto.verify(caller, { key }, input, signature, options).valid, true)
        const changed = signature.slice()
        changed[changed.length - 1]! ^= 1
        assert.equal(pool.crypto.verify(caller, { key }, input, changed, options).valid, false)
        assert.equal(pool.crypto.verify(caller, { key }, { message: text('Other') }, signature, options).valid, false)
      }
    })
  }

  test('a signature has the form that is asked for', async () => {
    const der = await sign('ec', 'ES256', { message }, 'der')
    assert.ok(verify('sha256', message, pool.publicKey('ec'), der.signature))
    const raw = await sign('ec', undefined, { message }, 'raw')
    assert.equal(raw.signature.length, 64)
    assert.equal((await sign('strong', undefined, { message }, 'raw')).signature.length, 132)
  })

  test('what a key does not sign with is said, and what it does', async () => {
    await assert.rejects(sign('ec', 'EdDSA'), code('WRONG_SCHEME', /has no EdDSA: it signs with ECDSA and RSA/))
    await assert.rejects(
      sign('ec', 'ES384'),
      code('WRONG_SCHEME', /on secp256r1 does not sign with ES384, but with .*ES256/),
    )
    await assert.rejects(sign('ec', 'RS256'), code('WRONG_SCHEME'))
    await assert.rejects(sign('rsa', 'ES256'), code('WRONG_SCHEME', /PS512/))
    await assert.rejects(sign('old'), code('WRONG_SCHEME', /AES key does not sign/))
    await assert.rejects(sign('ec', 'ES256', { digest: message }), code('INVALID', /digest of 32 bytes, got 12/))
  })

  test('a token that signs wrongly is passed over and told of', async t => {
    const [wrong] = pool.tokens
    const signHash = SmartCardHsm.prototype.signHash
    const path = wrong.path.replaceAll('.', '/')
    t.mock.method(
      SmartCardHsm.prototype,
      'signHash',
      async function (this: SmartCardHsm, ...asked: Parameters<typeof signHash>) {
        const signature = await signHash.apply(this, asked)
        if (this.identity.path === path) signature[signature.length - 1]! ^= 0x40
        return signature
      },
    )
    pool.events.length = 0
    for (let i = 0; i < 4; i++) {
      for (const [key, algorithm] of [
        ['ec', 'ECDSA_SHA256'],
        ['rsa', 'RSA_PSS_SHA256'],
        ['rsa', 'RSA_PKCS1_SHA256'],
      ] as const) {
        const { signature } = await sign(key, algorithm)
        assert.equal(pool.crypto.verify(caller, { key }, { message }, signature, { algorithm }).valid, true)
      }
    }
    assert.ok(pool.events.length > 0)
    for (const event of pool.events) assert.deepEqual([event.type, event.subject], ['device.wrong-answer', wrong.path])
  })

  test('RSA decrypts what openssl and node encrypt', async () => {
    const decrypt = async (ciphertext: Uint8Array, padding: Parameters<Cryptography['decrypt']>[3]) =>
      (await pool.crypto.decrypt(caller, { key: 'rsa' }, new Uint8Array(ciphertext), padding, signal)).plaintext
    const key = pool.publicKey('rsa')
    const { RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING, RSA_NO_PADDING } = constants
    const oaep = publicEncrypt(
      { key, padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha512', oaepLabel: text('l') },
      message,
    )
    assert.deepEqual(await decrypt(oaep, { kind: 'OAEP', hash: 'sha512', label: text('l') }), message)
    await assert.rejects(decrypt(oaep, { kind: 'OAEP', hash: 'sha512' }), code('INVALID', /not made for key rsa/))
    assert.deepEqual(
      await decrypt(publicEncrypt({ key, padding: RSA_PKCS1_PADDING }, message), { kind: 'PKCS1' }),
      message,
    )
    const block = concat(Uint8Array.of(0), new Uint8Array(randomBytes(255)))
    assert.deepEqual(await decrypt(publicEncrypt({ key, padding: RSA_NO_PADDING }, block), { kind: 'RAW' }), block)
    await assert.rejects(
      decrypt(message, { kind: 'RAW' }),
      code('INVALID', /wanted a cryptogram of 256 bytes, .*, got 12/),
    )
  })

  test('a deactivated RSA key decrypts, but not without padding: that would sign', async () => {
    const become = async (state: 'active' | 'deactivated') => {
      await pool.store.write(db =>
        db.updateTable('key_versions').set({ state }).where('id', '=', versionId('rsa')).execute(),
      )
      await pool.keys.reread()
    }
    const key = pool.publicKey('rsa')
    const decrypt = (ciphertext: Uint8Array, padding: Parameters<Cryptography['decrypt']>[3]) =>
      pool.crypto.decrypt(caller, { key: 'rsa' }, new Uint8Array(ciphertext), padding, signal)
    await become('deactivated')
    const hidden = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, message)
    assert.deepEqual((await decrypt(hidden, { kind: 'OAEP', hash: 'sha256' })).plaintext, message)
    // As of PKCS #1, which a signature of it would be.
    const block = new Uint8Array(256).fill(0xff).with(0, 0).with(1, 1)
    await assert.rejects(decrypt(block, { kind: 'RAW' }), code('WRONG_STATE', /is deactivated/))
    await become('active')
    assert.equal((await decrypt(block, { kind: 'RAW' })).plaintext.length, 256)
  })

  test('agreement leads both sides to the same secret, and takes no point that is on no curve', async () => {
    for (const key of ['ec', 'brainpool', 'strong']) {
      const { namedCurve } = pool.publicKey(key).asymmetricKeyDetails!
      const other = generateKeyPairSync('ec', { namedCurve: namedCurve! })
      const der = new Uint8Array(other.publicKey.export({ format: 'der', type: 'spki' }))
      const { secret } = await pool.crypto.agree(caller, { key }, der, signal)
      const theirs = diffieHellman({ publicKey: pool.publicKey(key), privateKey: other.privateKey })
      assert.deepEqual(secret, new Uint8Array(theirs))
    }
    const ecdh = createECDH('prime256v1')
    const point = new Uint8Array(ecdh.generateKeys())
    assert.equal((await pool.crypto.agree(caller, { key: 'ec' }, point, signal)).secret.length, 32)
    point[64]! ^= 1
    await assert.rejects(pool.crypto.agree(caller, { key: 'ec' }, point, signal), code('INVALID', /not on its curve/))
    const foreign = new Uint8Array(createECDH('secp384r1').generateKeys())
    await assert.rejects(pool.crypto.agree(caller, { key: 'ec' }, foreign, signal), code('INVALID'))
  })

  test('AES on the chip: CBC with and without padding, CMAC, derivation', async () => {
    for (const size of [0, 1, 15, 16, 17, 1_200, 5_000]) {
      const plaintext = new Uint8Array(randomBytes(size))
      const { iv, ciphertext } = await pool.crypto.encryptCbc(caller, { key: 'old' }, plaintext, {}, signal)
      assert.equal(ciphertext.length, size - (size % 16) + 16)
      const opened = await pool.crypto.decryptCbc(caller, { key: 'old' }, ciphertext, { iv }, signal)
      assert.deepEqual(opened.plaintext, plaintext)
      const other = pool.crypto.decryptCbc(caller, { key: 'new' }, ciphertext, { iv }, signal)
      // One time in 256, another key leads to what looks padded.
      await other.then(
        ({ plaintext: wrong }) => assert.ok(!equal(wrong, plaintext) || size === 0),
        error => assert.match(error.message, /the padding is wrong/),
      )
    }
    const block = new Uint8Array(32)
    const { ciphertext } = await pool.crypto.encryptCbc(caller, { key: 'old' }, block, { padding: 'none' }, signal)
    assert.equal(ciphertext.length, 32)
    const odd = pool.crypto.encryptCbc(caller, { key: 'old' }, message, { padding: 'none' }, signal)
    await assert.rejects(odd, code('INVALID', /whole blocks of 16 bytes, got 12 bytes/))
    const large = pool.crypto.encryptCbc(caller, { key: 'old' }, new Uint8Array(70_000), {}, signal)
    await assert.rejects(large, code('INVALID', /use an envelope/))
    const macs = [0, 1].map(() => pool.crypto.mac(caller, { key: 'old' }, message, signal))
    const [one, two] = await Promise.all(macs)
    assert.deepEqual(one, two)
    assert.equal(one!.mac.length, 16)
    const { secret } = await pool.crypto.derive(caller, { key: 'old' }, text('label'), signal)
    assert.equal(secret.length, 32)
    await assert.rejects(
      pool.crypto.mac(caller, { key: 'ec' }, message, signal),
      code('WRONG_SCHEME', /an AES key, and ec is an EC key/),
    )
  })

  describe('CMS messages of openssl', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keytether-cms-'))
    const file = (name: string) => join(folder, name)
    const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    before(() => {
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file('ca.key'),
        '-out',
        file('ca.pem'),
        '-subj',
        '/CN=CA',
      )
      for (const key of ['rsa', 'ec', 'brainpool']) {
        writeFileSync(file(`${key}.pub`), pool.publicKey(key).export({ format: 'pem', type: 'spki' }))
        openssl('req', '-new', '-key', file('ca.key'), '-subj', `/CN=${key}`, '-out', file('request'))
        const ca = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-in', file('request')]
        openssl('x509', '-req', ...ca, '-force_pubkey', file(`${key}.pub`), '-out', file(`${key}.pem`), '-days', '1')
      }
      writeFileSync(file('text'), 'a letter\n')
    })
    after(() => rmSync(folder, { recursive: true, force: true }))

    const encrypted = (cert: string, ...more: string[]) => {
      const how = ['-binary', '-in', file('text'), '-outform', 'DER', '-out', file('cms'), ...more]
      openssl('cms', '-encrypt', ...how, '-recip', file(`${cert}.pem`))
      return new Uint8Array(readFileSync(file('cms')))
    }
    const opened = async (key: string, cms: Uint8Array) =>
      new TextDecoder().decode((await pool.crypto.openCms(caller, { key }, cms, signal)).content)

    const rows: [string, string, string[]][] = [
      ['RSA PKCS #1 v1.5', 'rsa', ['-aes-256-cbc']],
      ['RSA with 3DES, in pieces', 'rsa', ['-des3', '-stream']],
      ['RSA OAEP with SHA-256, GCM', 'rsa', ['-aes-128-gcm']],
      ['ECDH', 'ec', ['-aes-192-cbc']],
      ['ECDH, GCM, in pieces', 'ec', ['-aes-256-gcm', '-stream']],
      ['ECDH on a Brainpool curve', 'brainpool', ['-aes-256-cbc']],
    ]
    for (const [name, key, how] of rows) {
      test(name, async () => {
        const cms = encrypted(key, ...how)
        assert.equal(await opened(key, cms), 'a letter\n')
        const wrong = cms.slice()
        wrong[wrong.length - 20]! ^= 1
        await assert.rejects(opened(key, wrong).then(got => assert.equal(got, 'a letter\n')))
      })
    }

    test('OAEP, and a key derivation with SHA-256', async () => {
      const options = [
        '-aes-256-cbc',
        '-recip',
        file('rsa.pem'),
        '-keyopt',
        'rsa_padding_mode:oaep',
        '-keyopt',
        'rsa_oaep_md:sha256',
      ]
      openssl('cms', '-encrypt', '-binary', '-in', file('text'), '-outform', 'DER', '-out', file('cms'), ...options)
      assert.equal(await opened('rsa', new Uint8Array(readFileSync(file('cms')))), 'a letter\n')
      const kdf = ['-aes-256-cbc', '-recip', file('ec.pem'), '-keyopt', 'ecdh_kdf_md:sha256']
      openssl('cms', '-encrypt', '-binary', '-in', file('text'), '-outform', 'DER', '-out', file('cms'), ...kdf)
      assert.equal(await opened('ec', new Uint8Array(readFileSync(file('cms')))), 'a letter\n')
    })

    test('one of several recipients, and none of them', async () => {
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file('b.key'),
        '-out',
        file('b.pem'),
        '-subj',
        '/CN=B',
      )
      const how = ['-aes-256-cbc', '-binary', '-in', file('text'), '-outform', 'DER', '-out', file('cms')]
      openssl('cms', '-encrypt', ...how, file('b.pem'), file('ec.pem'), file('rsa.pem'))
      const cms = new Uint8Array(readFileSync(file('cms')))
      assert.equal(await opened('rsa', cms), 'a letter\n')
      assert.equal(await opened('ec', cms), 'a letter\n')
      await assert.rejects(opened('brainpool', cms), code('INVALID'))
      await assert.rejects(
        opened('rsa', encrypted('b', '-aes-256-cbc')),
        code('INVALID', /was not encrypted to this key/),
      )
      await assert.rejects(opened('rsa', message), code('INVALID', /no CMS message/))
    })
  })

  test('random bytes of tokens', async () => {
    const bytes = await pool.crypto.random(caller, 3_000, undefined, signal)
    assert.equal(bytes.length, 3_000)
    assert.ok(new Set(bytes).size > 200)
    await assert.rejects(pool.crypto.random(caller, 1, 'nobody', signal), code('NOT_FOUND'))
  })

  test('a token whose random bytes are none is passed over and told of', async t => {
    const [wrong] = pool.tokens
    const random = SmartCardHsm.prototype.random
    const path = wrong.path.replaceAll('.', '/')
    t.mock.method(SmartCardHsm.prototype, 'random', function (this: SmartCardHsm, length: number) {
      return this.identity.path === path ? Promise.resolve(new Uint8Array(length).fill(7)) : random.call(this, length)
    })
    pool.events.length = 0
    for (let i = 0; i < 4; i++) assert.equal((await pool.crypto.random(caller, 64, 'pair', signal)).length, 64)
    for (const { type, subject } of pool.events) assert.deepEqual([type, subject], ['device.not-random', wrong.path])
  })
})

eachDatabase((_, database) => {
  let pool: Awaited<ReturnType<typeof open>>
  before(async () => {
    pool = await open(await database())
  })
  after(() => pool.close())

  const seal = async (keys: [string, ...string[]], payload: Uint8Array, options: object = {}) => {
    const { envelope, ...rest } = await pool.crypto.envelopes.seal(caller, keys, [payload], options, signal)
    return { ...rest, bytes: await gather(envelope) }
  }
  const unseal = async (keys: [string, ...string[]], bytes: Uint8Array, options: object = {}) => {
    const { payload, ...rest } = await pool.crypto.envelopes.open(caller, keys, [bytes], options, signal)
    return { ...rest, payload: await gather(payload) }
  }

  test('what is encrypted on one token is decrypted on the other', async () => {
    const [one, two] = pool.tokens
    two.pull()
    const { bytes, key, version } = await seal(['old'], message, { associatedData: text('id 1'), reference: 'letter' })
    assert.deepEqual([key, version], ['old', 1])
    one.pull()
    await two.plugIn(pool.devices)
    const opened = await unseal(['old'], bytes, { associatedData: text('id 1') })
    assert.deepEqual(opened.payload, message)
    await one.plugIn(pool.devices)
    await assert.rejects(unseal(['old'], bytes, { associatedData: text('id 2') }), code('NOT_AUTHENTIC'))
    await assert.rejects(unseal(['old'], bytes), code('NOT_AUTHENTIC'))
    await assert.rejects(unseal(['new'], bytes), code('NOT_FOUND', /under version 1 of old: name that key as well/))
    await assert.rejects(unseal(['old'], message), code('INVALID', /no envelope/))
  })

  test('either token is pulled at any moment: nothing fails, and what is encrypted can be decrypted', async () => {
    for (let after = 0; after < 6; after++) {
      for (const token of pool.tokens) {
        token.pull(after)
        const sealed = await Promise.all([1, 2, 3].map(() => seal(['old'], message)))
        for (const { bytes } of sealed) assert.deepEqual((await unseal(['old'], bytes)).payload, message)
        const { signature } = await pool.crypto.sign(caller, { key: 'ec' }, { message }, {}, signal)
        assert.ok(verify('sha256', message, pool.publicKey('ec'), signature))
        await token.plugIn(pool.devices)
      }
    }
  })

  test('any change of a wrapped data key is refused', async () => {
    const { wrapped } = await pool.crypto.dataKeys.make(caller, ['old'], undefined, signal)
    const written = encode(WrappedDataKey, wrapped)
    for (let at = 4; at < written.length; at += 3) {
      const changed = written.slice()
      changed[at]! ^= 1 << (at % 8)
      let read: WrappedDataKey
      try {
        read = decode(WrappedDataKey, changed)
      } catch {
        continue
      }
      await assert.rejects(pool.crypto.dataKeys.open(caller, ['old', 'new', 'rsa'], read, signal))
    }
    const { dataKey } = await pool.crypto.dataKeys.open(caller, ['old'], wrapped, signal)
    assert.equal(dataKey.length, 32)
  })

  test('under an RSA key, too; under an EC key not', async () => {
    const { bytes } = await seal(['rsa'], message)
    assert.deepEqual((await unseal(['rsa'], bytes)).payload, message)
    await assert.rejects(seal(['ec'], message), code('WRONG_SCHEME', /wrapped under AES and RSA keys/))
  })

  test('the first key encrypts, all decrypt, and what is wrapped anew needs the old one no more', async () => {
    const { records } = pool.crypto.dataKeys
    const count = async (key: string) => (await records.report(caller, key))[0]!.dataKeys
    const before = await count('old')
    const sealed = await seal(['old'], message, { reference: 'contract 7' })
    assert.equal(await count('old'), before + 1)
    assert.deepEqual((await unseal(['new', 'old'], sealed.bytes)).payload, message)
    assert.equal((await seal(['new', 'old'], message)).key, 'new')

    const fresh = await count('new')
    const { bytes, from, to, id } = await pool.crypto.envelopes.rewrap(caller, ['new', 'old'], sealed.bytes, signal)
    assert.deepEqual([from.key, to.key, id], ['old', 'new', sealed.id])
    assert.deepEqual([await count('old'), await count('new')], [before, fresh + 1])
    assert.deepEqual((await unseal(['new'], bytes)).payload, message)
    const kept = (await records.list(caller, 'new', 1, { limit: 100 })).find(one => one.id === id)
    assert.equal(kept?.reference, 'contract 7')
    const again = await pool.crypto.envelopes.rewrap(caller, ['new', 'old'], bytes, signal)
    assert.deepEqual(again.bytes, bytes)

    // The copy that was not wrapped anew still hangs on the old key, and that is seen when it is used.
    await unseal(['new', 'old'], sealed.bytes)
    assert.equal(await count('old'), before + 1)
    await assert.rejects(records.report(caller, 'nothing'), code('NOT_FOUND'))
    await assert.rejects(records.list({ ...caller, tenant: 'tnt_other' }, 'old', 1, { limit: 1 }), code('NOT_FOUND'))
  })

  test('the report comes in pages', async () => {
    const { records } = pool.crypto.dataKeys
    const all = await records.list(caller, 'old', 1, { limit: 500 })
    const paged = []
    for (let after: string | undefined; ; after = paged.at(-1)!.id) {
      const page = await records.list(caller, 'old', 1, { after, limit: 1 })
      if (page.length === 0) break
      paged.push(...page)
    }
    assert.deepEqual(paged, all)
    assert.ok(all.length > 1)
  })

  test('a service that knows nothing of the version finds the key by its id on the tokens', async () => {
    const { wrapped } = await pool.crypto.dataKeys.make(caller, ['old'], undefined, signal)
    const { mustBeDataKey, withCheck } = await import('@keytether/envelope')
    const { dataKey } = await pool.crypto.dataKeys.open(caller, ['old'], wrapped, signal)
    const elsewhere = withCheck(dataKey, { ...wrapped, version: 'kv_AAAAAAAAAAAAAAAAAAAA' })
    mustBeDataKey(dataKey, elsewhere)
    assert.deepEqual((await pool.crypto.dataKeys.open(caller, ['old'], elsewhere, signal)).dataKey, dataKey)
  })

  test('a token that unwraps wrongly does not make data look changed', async t => {
    const { bytes } = await seal(['old'], message)
    const [wrong] = pool.tokens
    const path = wrong.path.replaceAll('.', '/')
    const { SecretKeys } = await import('../../../driver/src/secret-keys.ts')
    const decryptCbc = SecretKeys.prototype.decryptCbc
    const faulty = new WeakSet<object>()
    for (const device of pool.devices.hsms())
      await device.run(async card => void (card.identity.path === path && faulty.add(card.secretKeys)), signal)
    t.mock.method(
      SecretKeys.prototype,
      'decryptCbc',
      async function (this: object, ...asked: Parameters<typeof decryptCbc>) {
        const text = await decryptCbc.apply(this as never, asked)
        if (faulty.has(this)) text[20]! ^= 1
        return text
      },
    )
    pool.events.length = 0
    for (let i = 0; i < 4; i++) assert.deepEqual((await unseal(['old'], bytes)).payload, message)
    for (const { type, subject } of pool.events) assert.deepEqual([type, subject], ['device.wrong-answer', wrong.path])
  })
})
