/** Certificates, data objects and the deletion of keys on the emulated token, with OpenSC; and what outlives its process. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openInitializedToken, openscTests, userPin } from '@keytether/test/opensc'

if (await openscTests(import.meta.filename)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())
  /** Without the handles of objects, which are others each time. */
  const listAll = async () => (await token.loggedIn(['--list-objects'])).replaceAll(/^(.* object) \d+$/gm, '$1')
  const list = (type: string) => token.loggedIn(['--list-objects', '--type', type])
  const remove = (type: string, by: readonly string[]) => token.loggedIn(['--delete-object', '--type', type, ...by])
  const generate = async (type: string, id: string) => {
    await token.loggedIn(['--keypairgen', '--key-type', type, '--id', id, '--label', `key ${id}`])
    await token.run('pkcs15-tool', ['--read-public-key', id, '--output', `${id}.pem`])
  }
  const signs = async (id: string) => {
    await token.write('message', `signed by ${id}`)
    await token.loggedIn([
      ...['--sign', '--mechanism', 'ECDSA-SHA256', '--id', id, '--signature-format', 'openssl'],
      ...['--input-file', 'message', '--output-file', 'signature'],
    ])
    await token.run('openssl', [...['dgst', '-sha256', '-verify', `${id}.pem`, '-signature', 'signature', 'message']])
  }

  test('a certificate beside its key: written, listed, read, deleted', async () => {
    await generate('EC:secp256r1', '10')
    const issuer = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'ca.key']
    await token.run('openssl', ['req', ...issuer, '-subj', '/CN=issuer', '-out', 'ca.pem'])
    await token.run('openssl', ['req', '-new', '-key', 'ca.key', '-subj', '/CN=token key', '-out', 'request'])
    await token.run('openssl', [
      ...['x509', '-req', '-in', 'request', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '30'],
      ...['-force_pubkey', '10.pem', '-outform', 'DER', '-out', '10.cert'],
    ])
    const attributes = ['--type', 'cert', '--id', '10', '--label', 'certificate 10']
    await token.loggedIn(['--write-object', '10.cert', ...attributes])
    const listed = await list('cert')
    assert.match(
      listed,
      /Certificate Object; type = X.509 cert\n +label: .*\n +subject: +DN: CN=token key\n.* ID: +10\n/s,
    )
    await token.pkcs11(['--read-object', '--type', 'cert', '--id', '10', '--output-file', 'read.cert'])
    assert.deepEqual(await token.read('read.cert'), await token.read('10.cert'))
    await signs('10')
    const known = await token.run('pkcs15-tool', ['--read-public-key', '10'])
    assert.equal(
      known.stdout,
      (await token.read('10.pem')).toString(),
      'the public key, which now is in the certificate',
    )
    await remove('cert', ['--id', '10'])
    assert.doesNotMatch(await list('cert'), /ID: +10\n/)
    await signs('10')
  })

  test('a certificate without a key: written, listed, read, deleted', async () => {
    await token.run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'other.key', '-subj', '/CN=other'],
      ...['-outform', 'DER', '-out', 'other.cert'],
    ])
    await token.loggedIn(['--write-object', 'other.cert', '--type', 'cert', '--id', '77', '--label', 'other'])
    assert.match(await token.pkcs11(['--list-objects', '--type', 'cert']), /label: +other\n +subject: +DN: CN=other\n/)
    const { stdout } = await token.run('pkcs15-tool', ['--list-certificates'])
    assert.match(stdout, /X\.509 Certificate \[other\]\n.*Path +: [0-9a-f]+::ca00\n.*ID +: 77\n/s)
    await token.pkcs11(['--read-object', '--type', 'cert', '--id', '77', '--output-file', 'read.cert'])
    assert.deepEqual(await token.read('read.cert'), await token.read('other.cert'))
    await remove('cert', ['--id', '77'])
    assert.equal(await list('cert'), '')
  })

  for (const [kind, content, options] of [
    ['public', 'anyone may read this', []],
    ['private', 'only the user may read this', ['--private']],
    ['long', '0123456789abcdef'.repeat(100), []],
  ] as const) {
    test(`a ${kind} data object: written, listed, read, deleted`, async () => {
      const name = ['--label', `${kind} data`, '--application-label', `${kind} data`]
      await token.write('content', content)
      await token.loggedIn(['--write-object', 'content', '--type', 'data', ...name, ...options])
      const read = ['--read-object', '--type', 'data', ...name, '--output-file', 'read']
      const listed = new RegExp(`Data object .*\n +label: +'${kind} data'\n +application: +'${kind} data'\n`)
      assert.match(await list('data'), listed)
      if (kind === 'private') {
        assert.doesNotMatch(await token.pkcs11(['--list-objects', '--type', 'data']), listed)
        await token.pkcs11(read, { code: 1 })
        await token.loggedIn(read)
      } else {
        await token.pkcs11(read)
      }
      assert.equal((await token.read('read')).toString(), content)
      await remove('data', name)
      assert.equal(await list('data'), '')
    })
  }

  test('keys are deleted, and what is beside them stays', async () => {
    await generate('EC:secp256r1', '20')
    await generate('EC:secp384r1', '21')
    await remove('privkey', ['--id', '20'])
    // The public key goes with the private one; by itself, the module says to have deleted it, and does nothing.
    await remove('pubkey', ['--id', '21'])
    const keys = await list('privkey')
    assert.doesNotMatch(keys, /ID: +20\n/)
    assert.match(keys, /ID: +21\n/)
    const publicKeys = await list('pubkey')
    assert.doesNotMatch(publicKeys, /ID: +20\n/)
    assert.match(publicKeys, /ID: +21\n/)
    await signs('21')
    await token.loggedIn(['--sign', '--mechanism', 'ECDSA', '--id', '20', '--input-file', 'message'], { code: 1 })
  })

  test('pkcs15-tool tells of keys, PINs and files', async () => {
    await generate('rsa:2048', '30')
    const { stdout } = await token.run('pkcs15-tool', ['--dump'])
    assert.match(stdout, /PKCS#15 Card \[SmartCard-HSM\]:/)
    assert.match(stdout, /Manufacturer ID *: www\.CardContact\.de/)
    assert.match(stdout, /Private RSA Key \[key 30\].*ModLength +: 2048.*ID *: 30\n/s)
    assert.match(stdout, /PIN \[UserPIN\].*Tries left +: 3\n.*PIN \[SOPIN\].*Tries left +: 15\n/s)
    const keys = await token.run('pkcs15-tool', ['--list-keys'])
    assert.match(keys.stdout, /Private EC Key \[key 21\]/)
  })

  test('pkcs15-init and pkcs15-crypt: a key generated, used and deleted', async () => {
    const pin = ['--verify-pin', '--auth-id', '01', '--pin', userPin]
    const key = ['--id', '50', '--label', 'key 50', '--key-usage', 'sign,decrypt']
    await token.run('pkcs15-init', ['--generate-key', 'rsa/2048', ...key, ...pin])
    await token.run('pkcs15-tool', ['--read-public-key', '50', '--output', '50.pem'])
    await token.write('message', 'signed by pkcs15-crypt')
    await token.run('openssl', ['dgst', '-sha256', '-binary', '-out', 'hash', 'message'])
    const use = ['--key', '50', '--pin', userPin, '--pkcs1', '--raw']
    await token.run('pkcs15-crypt', ['--sign', '--sha-256', '--input', 'hash', '--output', 'signature', ...use])
    await token.run('openssl', ['dgst', '-sha256', '-verify', '50.pem', '-signature', 'signature', 'message'])
    await token.run('openssl', [
      'pkeyutl',
      '-encrypt',
      '-pubin',
      '-inkey',
      '50.pem',
      '-in',
      'hash',
      '-out',
      'cryptogram',
    ])
    await token.run('pkcs15-crypt', ['--decipher', '--input', 'cryptogram', '--output', 'decrypted', ...use])
    assert.deepEqual(await token.read('decrypted'), await token.read('hash'))
    await token.run('pkcs15-init', ['--delete-objects', 'privkey', '--id', '50', ...pin])
    assert.doesNotMatch(await list('privkey'), /ID: +50\n/)
  })

  test("pkcs11-tool's own tests pass", async () => {
    const { stdout } = await token.run('pkcs11-tool', ['--test', '--login', '--pin', userPin], { timeoutMs: 60_000 })
    assert.match(stdout, /No errors/)
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`keys, certificates and data are there after ${signal}`, async () => {
      const name = ['--label', signal, '--application-label', signal]
      await token.write('content', signal)
      await generate('EC:secp256r1', signal === 'SIGTERM' ? '40' : '41')
      await token.loggedIn(['--write-object', 'content', '--type', 'data', '--private', ...name])
      const before = await listAll()
      await token.end(signal)
      await token.start()
      assert.equal(await listAll(), before)
      await signs(signal === 'SIGTERM' ? '40' : '41')
      await token.loggedIn(['--read-object', '--type', 'data', ...name, '--output-file', 'read'])
      assert.equal((await token.read('read')).toString(), signal)
    })
  }

  test('killed while pkcs11-tool has it make keys: those that are reported as made can be used', async () => {
    let id = 0x60
    for (let round = 0; round < 4; round++) {
      const made: string[] = []
      const killed = sleep(100 + randomInt(400)).then(() => token.end('SIGKILL'))
      // Ends when the card is gone.
      for (let failed = false; !failed; id++) {
        await generate('EC:secp256r1', id.toString(16)).then(
          () => made.push(id.toString(16)),
          () => (failed = true),
        )
      }
      await killed
      await token.start()
      for (const each of made) await signs(each)
    }
  })
}
