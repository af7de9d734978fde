/** A key that OpenSC made, certified by us and attested: OpenSC goes on with it as if nothing were. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openInitializedToken, openscTests, userPin } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

if (await openscTests(import.meta.filename)) {
  const token = await openInitializedToken()
  after(() => token[Symbol.asyncDispose]())
  const main = new URL('../../packages/cli/src/main.ts', import.meta.url).pathname
  const keytether = (...args: string[]) => token.run(process.execPath, [main, ...args])
  const card = (...args: string[]) =>
    keytether('card', ...args, '--reader', virtualReaders[0].name, '--trust', 'root.cvc')
  const attests = async () => {
    await card('attest', '--out', 'attestation.json')
    await keytether('verify-attestation', 'attestation.json', '--trust', 'root.cvc', '--public-key', '10.pem')
    return (await token.read('attestation.json')).toString()
  }
  const signs = async () => {
    await token.write('message', 'signed by key 10')
    await token.loggedIn([
      ...['--sign', '--mechanism', 'ECDSA-SHA256', '--id', '10', '--signature-format', 'openssl'],
      ...['--input-file', 'message', '--output-file', 'signature'],
    ])
    await token.run('openssl', ['dgst', '-sha256', '-verify', '10.pem', '-signature', 'signature', 'message'])
  }

  test('the request stays beside the certificate, unseen by OpenSC', async () => {
    await token.write('pin', userPin)
    await keytether('emulator', 'root', '--out', 'root.cvc')
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '10', '--label', 'key 10'])
    await token.run('pkcs15-tool', ['--read-public-key', '10', '--output', '10.pem'])
    const before = await attests()

    const issuer = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key']
    await token.run('openssl', ['req', ...issuer, '-subj', '/CN=issuer', '-out', 'ca.pem'])
    await token.run('openssl', ['req', '-new', '-key', 'ca.key', '-subj', '/CN=key 10', '-out', 'request'])
    await token.run('openssl', [
      ...['x509', '-req', '-in', 'request', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['-force_pubkey', '10.pem', '-outform', 'DER', '-out', '10.cert'],
    ])
    await card('certificate', 'write', 'key 10', '10.cert', '--pin-file', 'pin')
    assert.equal(await attests(), before)

    const { stdout } = await token.run('pkcs15-tool', ['--dump'])
    assert.match(stdout, /X\.509 Certificate \[.*ID *: 10\n/s)
    assert.equal(stdout.match(/^Data object/gim), null)
    await token.pkcs11(['--read-object', '--type', 'cert', '--id', '10', '--output-file', 'read.cert'])
    assert.deepEqual(await token.read('read.cert'), await token.read('10.cert'))
    await signs()
    assert.equal(await attests(), before)
  })

  test('OpenSC deletes the key and makes another: what was kept of the first is not taken for it', async () => {
    for (const type of ['cert', 'privkey']) await token.loggedIn(['--delete-object', '--type', type, '--id', '10'])
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '10', '--label', 'key 10'])
    await token.run('pkcs15-tool', ['--read-public-key', '10', '--output', '10.pem'])
    await attests()
    await signs()
    await card('delete', 'key 10', '--yes', '--pin-file', 'pin')
    assert.doesNotMatch(await token.loggedIn(['--list-objects']), /ID: +10\n/)
  })

  test('a certificate that OpenSC writes takes the place of the request: said in words', async () => {
    await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', '11', '--label', 'key 11'])
    await token.run('pkcs15-tool', ['--read-public-key', '11', '--output', '11.pem'])
    await token.run('openssl', [
      ...['x509', '-req', '-in', 'request', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['-force_pubkey', '11.pem', '-outform', 'DER', '-out', '11.cert'],
    ])
    await token.loggedIn(['--write-object', '11.cert', '--type', 'cert', '--id', '11', '--label', 'key 11'])
    const args = ['card', 'attest', 'key 11', '--reader', virtualReaders[0].name, '--trust', 'root.cvc']
    const { stderr } = await token.run(process.execPath, [main, ...args], { code: 1 })
    assert.match(stderr, /key 11 .*: the request that the device signed is not there: .*other software wrote/)
  })
}
