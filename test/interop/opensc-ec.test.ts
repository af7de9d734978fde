/** EC keys of the emulated token in OpenSC's PKCS #11 module; openssl checks what they make. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { listMechanisms, openInitializedToken, openscTests } from '@keytether/test/opensc'

const message = 'The quick brown fox jumps over the lazy dog'

/**
 * Every curve that the module generates keys on. `unwritable` public keys it hands out as they are, but pkcs11-tool 0.23 fails
 * to make a file of them (cannot create EVP_PKEY).
 */
const curves = [
  { name: 'secp192r1', bytes: 24, openssl: 'prime192v1', unwritable: true },
  { name: 'secp256r1', bytes: 32, openssl: 'prime256v1' },
  { name: 'secp384r1', bytes: 48, unwritable: true },
  { name: 'secp521r1', bytes: 66 },
  { name: 'secp192k1', bytes: 24, unwritable: true },
  { name: 'secp256k1', bytes: 32 },
  { name: 'brainpoolP192r1', bytes: 24, unwritable: true },
  { name: 'brainpoolP224r1', bytes: 28 },
  { name: 'brainpoolP256r1', bytes: 32 },
  { name: 'brainpoolP320r1', bytes: 40 },
  { name: 'brainpoolP384r1', bytes: 48, unwritable: true },
  { name: 'brainpoolP512r1', bytes: 64 },
]

/** `ECDSA` takes a hash, the others take the message and hash it so. */
const signatures = [
  { mechanism: 'ECDSA', hash: 'sha256' },
  { mechanism: 'ECDSA-SHA1', hash: 'sha1' },
  { mechanism: 'ECDSA-SHA224', hash: 'sha224' },
  { mechanism: 'ECDSA-SHA256', hash: 'sha256' },
  { mechanism: 'ECDSA-SHA384', hash: 'sha384' },
  { mechanism: 'ECDSA-SHA512', hash: 'sha512' },
]
const derivations = ['ECDH1-COFACTOR-DERIVE', 'ECDH1-DERIVE']

if (await openscTests(import.meta.filename)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())
  await token.write('message', message)

  test('the module offers no mechanism for EC keys that is not tested here', async () => {
    const offered = (await listMechanisms(token)).filter(({ name }) => name.startsWith('EC'))
    const that = (flag: string) => offered.filter(({ flags }) => flags.includes(flag)).map(({ name }) => name)
    assert.deepEqual(that('sign').sort(), signatures.map(({ mechanism }) => mechanism).sort())
    assert.deepEqual(that('derive').sort(), derivations.sort())
    assert.deepEqual(that('decrypt'), [])
  })

  for (const [index, { name, bytes, openssl = name, unwritable = false }] of curves.entries()) {
    const id = `a${index.toString(16)}`
    const publicKey = `${name}.pem`
    test(`${name}: a key is generated, listed, and its public key read`, async () => {
      await token.loggedIn(['--keypairgen', '--key-type', `EC:${name}`, '--id', id, '--label', `key on ${name}`])
      const listed = await token.loggedIn(['--list-objects'])
      assert.match(listed, new RegExp(`Private Key Object; EC\\n +label: +key on ${name}\\n +ID: +${id}\\n`))
      await token.run('pkcs15-tool', ['--read-public-key', id, '--output', publicKey])
      const { stdout } = await token.run('openssl', ['pkey', '-pubin', '-in', publicKey, '-text'])
      assert.match(stdout, new RegExp(`ASN1 OID: ${openssl}\\n`))
      await token.run('openssl', ['pkey', '-pubin', '-in', publicKey, '-outform', 'DER', '-out', 'wanted'])
      const wanted = await token.read('wanted')
      assert.ok(listed.includes(wanted.subarray(-2 * bytes - 1).toString('hex')), 'EC_POINT')
      if (unwritable) return
      await token.pkcs11(['--read-object', '--type', 'pubkey', '--id', id, '--output-file', 'read'])
      assert.deepEqual(await token.read('read'), wanted)
    })

    for (const { mechanism, hash } of signatures) {
      test(`${name}: ${mechanism}`, async () => {
        await token.write('hash', createHash(hash).update(message).digest())
        await token.loggedIn([
          ...['--sign', '--mechanism', mechanism, '--id', id, '--signature-format', 'openssl'],
          ...['--input-file', mechanism === 'ECDSA' ? 'hash' : 'message', '--output-file', 'signature'],
        ])
        await token.run('openssl', [
          ...['pkeyutl', '-verify', '-pubin', '-inkey', publicKey, '-in', 'hash', '-sigfile', 'signature'],
        ])
      })
    }

    test(`${name}: the secret shared with a key of openssl`, async () => {
      await token.run('openssl', [
        ...['genpkey', '-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${openssl}`, '-out', 'peer'],
      ])
      await token.run('openssl', ['pkey', '-in', 'peer', '-pubout', '-outform', 'DER', '-out', 'peer.der'])
      await token.run('openssl', [...['pkeyutl', '-derive', '-inkey', 'peer', '-peerkey', publicKey, '-out', 'wanted']])
      for (const mechanism of derivations) {
        await token.loggedIn([
          ...['--derive', '--mechanism', mechanism, '--id', id],
          ...['--input-file', 'peer.der', '--output-file', 'secret'],
        ])
        const secret = await token.read('secret')
        assert.equal(secret.length, bytes)
        assert.deepEqual(secret, await token.read('wanted'))
      }
    })
  }
}
