/** RSA keys of the emulated token in OpenSC's PKCS #11 module; openssl checks what they make, and encrypts for them. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { listMechanisms, openInitializedToken, openscTests } from '@keytether/test/opensc'

const message = 'The quick brown fox jumps over the lazy dog'
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']
/** Hashed by the module, for PKCS #1 only. */
const oldHashes = ['md5', 'ripemd160']
const nameOf = (hash: string) => hash.toUpperCase()

const signMechanisms = [
  'RSA-X-509',
  'RSA-PKCS',
  ...[...hashes, ...oldHashes].map(hash => `${nameOf(hash)}-RSA-PKCS`),
  'RSA-PKCS-PSS',
  ...hashes.map(hash => `${nameOf(hash)}-RSA-PKCS-PSS`),
]
const decryptMechanisms = ['RSA-X-509', 'RSA-PKCS', 'RSA-PKCS-OAEP']

if (await openscTests(import.meta.filename, 180_000)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())
  await token.write('message', message)
  const digest = (hash: string) => createHash(hash).update(message).digest()

  test('the module offers no mechanism for RSA keys that is not tested here', async () => {
    const offered = (await listMechanisms(token)).filter(({ name }) => !name.startsWith('EC'))
    const that = (flag: string) => offered.filter(({ flags }) => flags.includes(flag)).map(({ name }) => name)
    assert.deepEqual(that('sign').sort(), signMechanisms.sort())
    assert.deepEqual(that('decrypt').sort(), decryptMechanisms.sort())
    assert.deepEqual(that('derive'), [])
  })

  for (const bits of [2048, 4096]) {
    const id = `b${bits / 2048}`
    const publicKey = `${bits}.der`
    const sign = (mechanism: string, input: string, options: readonly string[] = []) =>
      token.loggedIn([
        ...['--sign', '--mechanism', mechanism, '--id', id, '--input-file', input, '--output-file', 'signature'],
        ...options,
      ])
    const openssl = (command: readonly string[], options: readonly string[]) =>
      token.run('openssl', [
        ...['pkeyutl', ...command, '-pubin', '-keyform', 'DER', '-inkey', publicKey],
        ...options.flatMap(option => ['-pkeyopt', option]),
      ])
    const verify = async (hash: string, options: readonly string[]) => {
      await token.write('hash', digest(hash))
      await openssl(['-verify', '-in', 'hash', '-sigfile', 'signature'], [`digest:${hash}`, ...options])
    }
    const recover = async (padding: string) => {
      await openssl(['-verifyrecover', '-in', 'signature', '-out', 'recovered'], [`rsa_padding_mode:${padding}`])
      return token.read('recovered')
    }
    const encrypt = async (plaintext: Uint8Array, options: readonly string[]) => {
      await token.write('plaintext', plaintext)
      await openssl(['-encrypt', '-in', 'plaintext', '-out', 'cryptogram'], options)
    }
    const decrypt = async (mechanism: string, options: readonly string[] = []) => {
      await token.loggedIn([
        ...['--decrypt', '--mechanism', mechanism, '--id', id],
        ...['--input-file', 'cryptogram', '--output-file', 'decrypted', ...options],
      ])
      return token.read('decrypted')
    }

    test(`RSA ${bits}: generated, listed, its public key`, async () => {
      // The search for two primes takes as long as it takes: seconds, and rarely more than ten of them.
      await token.loggedIn(['--keypairgen', '--key-type', `rsa:${bits}`, '--id', id, '--label', `rsa ${bits}`], {
        timeoutMs: 90_000,
      })
      const listed = await token.loggedIn(['--list-objects'])
      assert.match(listed, new RegExp(`Private Key Object; RSA *\\n +label: +rsa ${bits}\\n +ID: +${id}\\n`))
      await token.pkcs11(['--read-object', '--type', 'pubkey', '--id', id, '--output-file', publicKey])
      const { stdout } = await token.run('openssl', ['pkey', '-pubin', '-inform', 'DER', '-in', publicKey, '-text'])
      assert.match(stdout, new RegExp(`Public-Key: \\(${bits} bit\\)`))
    })

    test(`RSA ${bits}: RSA-X-509`, async () => {
      const block = Buffer.concat([Buffer.of(0), randomBytes(bits / 8 - 1)])
      await token.write('block', block)
      await sign('RSA-X-509', 'block')
      assert.deepEqual(await recover('none'), block)
    })

    test(`RSA ${bits}: RSA-PKCS`, async () => {
      await sign('RSA-PKCS', 'message')
      assert.equal((await recover('pkcs1')).toString(), message)
    })

    for (const hash of [...hashes, ...oldHashes]) {
      test(`RSA ${bits}: ${nameOf(hash)}-RSA-PKCS`, async () => {
        await sign(`${nameOf(hash)}-RSA-PKCS`, 'message')
        await verify(hash, ['rsa_padding_mode:pkcs1'])
      })
    }

    for (const hash of hashes) {
      const pss = ['rsa_padding_mode:pss', `rsa_pss_saltlen:${digest(hash).length}`, `rsa_mgf1_md:${hash}`]
      test(`RSA ${bits}: RSA-PKCS-PSS of a ${nameOf(hash)} hash`, async () => {
        await token.write('hash', digest(hash))
        const algorithm = hash === 'sha1' ? 'SHA-1' : nameOf(hash)
        await sign('RSA-PKCS-PSS', 'hash', ['--hash-algorithm', algorithm])
        await verify(hash, pss)
      })
      test(`RSA ${bits}: ${nameOf(hash)}-RSA-PKCS-PSS`, async () => {
        await sign(`${nameOf(hash)}-RSA-PKCS-PSS`, 'message')
        await verify(hash, pss)
      })
    }

    test(`RSA ${bits}: decrypts RSA-PKCS`, async () => {
      await encrypt(Buffer.from(message), ['rsa_padding_mode:pkcs1'])
      assert.equal((await decrypt('RSA-PKCS')).toString(), message)
    })

    test(`RSA ${bits}: decrypts RSA-X-509`, async () => {
      const block = Buffer.concat([Buffer.of(0), randomBytes(bits / 8 - 1)])
      await encrypt(block, ['rsa_padding_mode:none'])
      assert.deepEqual(await decrypt('RSA-X-509'), block)
    })

    for (const hash of hashes) {
      test(`RSA ${bits}: decrypts RSA-PKCS-OAEP with ${nameOf(hash)}`, async () => {
        await encrypt(Buffer.from(message), ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`])
        const algorithm = hash === 'sha1' ? 'SHA-1' : nameOf(hash)
        const options = ['--hash-algorithm', algorithm, '--mgf', `MGF1-${nameOf(hash)}`]
        assert.equal((await decrypt('RSA-PKCS-OAEP', options)).toString(), message)
      })
    }
  }
}
