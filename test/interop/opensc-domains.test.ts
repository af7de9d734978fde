/** Key domains of the emulated token in Debian's sc-hsm-tool; keys go from it to Keytether and back, and OpenSC uses them. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  Certificate,
  combineShares,
  keyEncryptionKey,
  materialOfPrivateKey,
  PrivateKeyDescription,
  privateKeyOfMaterial,
  unwrapKey,
  WrappedKeyFile,
  wrapKey,
} from '@keytether/card'
import { decode, encode, fromHex, toHex } from '@keytether/codec'
import { emulatorRoot } from '@keytether/emulator'
import { initialize, openscTests, openToken, type RunOptions, userPin } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'
import { vectors } from '@keytether/test/vectors'

const { real } = vectors<{ real: Record<string, string> }>('key-domains.json')
const kek = keyEncryptionKey(fromHex(real.share!))
const realValue = real.keyCheckValue!.toUpperCase()
const program = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const [reader] = virtualReaders
const message = 'The quick brown fox jumps over the lazy dog'

if (await openscTests(import.meta.filename, 240_000)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())
  await token.write('message', message)
  await token.write('pin', `${userPin}\n`)
  await token.write('root.cvc', encode(Certificate, emulatorRoot.certificate))

  const tool = (args: readonly string[], options?: RunOptions) => token.run('sc-hsm-tool', args, options)
  const withPin = (args: readonly string[], options?: RunOptions) => tool([...args, '--pin', userPin], options)
  const ours = (args: readonly string[], options?: RunOptions) =>
    token.run(process.execPath, [program, 'card', ...args, '--trust', 'root.cvc', '--reader', reader.name], options)
  const oursWithPin = (args: readonly string[], options?: RunOptions) => ours([...args, '--pin-file', 'pin'], options)
  const importShare = (share: Uint8Array) =>
    token.run('opensc-tool', ['--card-driver', 'sc-hsm', '--send-apdu', `8052000020${toHex(share)}00`])

  /** OpenSC signs with the key, and the public key that it should be verifies. */
  const signs = async (publicKey: KeyObject, id: string) => {
    const mechanism = publicKey.asymmetricKeyType === 'rsa' ? 'SHA256-RSA-PKCS' : 'ECDSA-SHA256'
    await token.loggedIn([
      ...['--sign', '--mechanism', mechanism, '--id', id],
      ...['--input-file', 'message', '--output-file', 'signature', '--signature-format', 'openssl'],
    ])
    assert.ok(verify('sha256', Buffer.from(message), publicKey, await token.read('signature')))
  }

  describe('domains in the words of sc-hsm-tool', () => {
    test('two shares, one after the other', async () => {
      const shares = [1, 2].map(byte => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array]
      await initialize(token, ['--dkek-shares', '2'])
      assert.match((await tool([])).stdout, /DKEK shares +: 2\nDKEK import pending, 2 share\(s\) still missing/)
      await importShare(shares[0])
      assert.match((await tool([])).stdout, /DKEK shares +: 2\nDKEK import pending, 1 share\(s\) still missing/)
      await importShare(shares[1])
      const value = toHex(keyEncryptionKey(combineShares(shares)).keyCheckValue).toUpperCase()
      assert.match((await tool([])).stdout, new RegExp(`DKEK shares +: 2\\nDKEK key check value +: ${value}`))
      assert.match((await ours(['domain', 'list'])).stdout, new RegExp(`complete with 2 shares: .* ${value}`))
    })

    test('without shares: the card makes the key', async () => {
      await initialize(token, ['--dkek-shares', '0'])
      assert.match((await tool([])).stdout, /DKEK shares +: 0\nDKEK key check value +: [0-9A-F]{16}/)
    })
  })

  describe('keys of a domain whose share a real device had', () => {
    test('sc-hsm-tool imports it', async () => {
      await initialize(token, ['--dkek-shares', '1'])
      await token.write('share.pbe', fromHex(real.shareFile!))
      await tool(['--import-dkek-share', 'share.pbe', '--password', real.password!], { timeoutMs: 120_000 })
      assert.match((await tool([])).stdout, new RegExp(`DKEK key check value +: ${realValue}`))
    })

    test('the key that the real device wrapped: we unwrap it, OpenSC finds it and signs', async () => {
      await token.write('btc', fromHex(real.wrappedKeyFile!))
      const { stdout } = await oursWithPin(['unwrap', 'btc'])
      assert.match(stdout, /^btc: key 1, EC secp256k1, btc-test, id /)
      const listed = await token.loggedIn(['--list-objects'])
      assert.match(listed, /Private Key Object; EC\n +label: +btc-test\n/)
      const unwrapped = unwrapKey(kek, decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!)).blob)
      assert.ok(unwrapped.ok)
      await signs(createPublicKey(privateKeyOfMaterial(unwrapped.material)), idOf(fromHex(real.wrappedKeyFile!)))
      await oursWithPin(['delete', 'btc-test', '--yes'])
    })

    test('the same with sc-hsm-tool, which we wrap again', async () => {
      await withPin(['--unwrap-key', 'btc', '--key-reference', '5'])
      await oursWithPin(['wrap', 'btc-test', '--out', 'again'])
      const [first, second] = [fromHex(real.wrappedKeyFile!), await token.read('again')].map(file =>
        decode(WrappedKeyFile, file),
      )
      assert.deepEqual(unwrapKey(kek, second!.blob), unwrapKey(kek, first!.blob))
      assert.deepEqual({ ...second, blob: undefined }, { ...first, blob: undefined })
      await oursWithPin(['delete', 'btc-test', '--yes'])
    })

    const generated = [
      ['EC:secp256r1', 'a1'],
      ['EC:brainpoolP384r1', 'a2'],
      ['rsa:2048', 'a3'],
    ] as const
    for (const [type, id] of generated) {
      test(`${type}: from OpenSC by sc-hsm-tool to us, and back`, async () => {
        await token.loggedIn(['--keypairgen', '--key-type', type, '--id', id, '--label', type])
        const reference = String(JSON.parse((await ours(['list', '--json'])).stdout).keys[0].reference)
        await withPin(['--wrap-key', 'theirs', '--key-reference', reference])
        const file = decode(WrappedKeyFile, await token.read('theirs'))
        const unwrapped = unwrapKey(kek, file.blob)
        assert.ok(unwrapped.ok)
        assert.equal(decode(PrivateKeyDescription, file.description!).label, type)
        const publicKey = createPublicKey(privateKeyOfMaterial(unwrapped.material))

        await oursWithPin(['delete', type, '--yes'])
        await oursWithPin(['unwrap', 'theirs', '--reference', '9'])
        await signs(publicKey, id)
        await oursWithPin(['wrap', type, '--out', 'ours'])
        await oursWithPin(['delete', type, '--yes'])
        await withPin(['--unwrap-key', 'ours', '--key-reference', '11'])
        await signs(publicKey, id)
        await oursWithPin(['delete', type, '--yes'])
      })
    }

    test('RSA-4096, made elsewhere: sc-hsm-tool unwraps and wraps what we have wrapped, and we what it has', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
      const blob = wrapKey(kek, { material: materialOfPrivateKey(privateKey), algorithms: new Uint8Array() })
      const description = encode(PrivateKeyDescription, {
        kind: 'rsa',
        label: 'long',
        flags: ['private', 'modifiable'],
        authId: Uint8Array.of(1),
        id: Uint8Array.of(0xa4),
        usage: ['decrypt', 'sign', 'signRecover'],
        keyReference: 3,
        bits: 4096,
      })
      await token.write('ours', encode(WrappedKeyFile, { blob, description }))
      await withPin(['--unwrap-key', 'ours', '--key-reference', '3'])
      await signs(publicKey, 'a4')
      await withPin(['--wrap-key', 'theirs', '--key-reference', '3'])
      await oursWithPin(['delete', 'long', '--yes'])
      const { stdout } = await oursWithPin(['unwrap', 'theirs'])
      assert.match(stdout, /^theirs: key 3, RSA 4096, long, /)
      await signs(publicKey, 'a4')
      await oursWithPin(['delete', 'long', '--yes'])
    })
  })

  describe('refused', () => {
    test('another domain, in the words of both', async () => {
      await initialize(token, ['--dkek-shares', '1'])
      await importShare(new Uint8Array(32).fill(7))
      const theirs = await withPin(['--unwrap-key', 'btc', '--key-reference', '1'], { code: 1 })
      assert.match(theirs.stderr, /Wrapped key does not match DKEK/)
      const { stderr } = await oursWithPin(['unwrap', 'btc'], { code: 1 })
      assert.match(
        stderr,
        new RegExp(`^error: btc: unwrap a key: it was wrapped under the domain ${realValue}; on this device`),
      )
      assert.deepEqual(JSON.parse((await ours(['list', '--json'])).stdout).keys, [])
    })

    test('no domain', async () => {
      await initialize(token)
      const { stdout } = await tool([])
      assert.doesNotMatch(stdout, /DKEK/)
      await token.loggedIn(['--keypairgen', '--key-type', 'EC:secp256r1', '--id', 'a1', '--label', 'stays'])
      const theirs = await withPin(['--wrap-key', 'theirs', '--key-reference', '1'], { code: 1 })
      assert.match(theirs.stderr, /Card not initialized for key wrap/)
      const { stderr } = await oursWithPin(['wrap', 'stays', '--out', 'ours'], { code: 1 })
      assert.match(stderr, /^error: wrap key 1: the device was initialised without key domains/)
    })
  })
}

function idOf(file: Uint8Array): string {
  return toHex(decode(PrivateKeyDescription, decode(WrappedKeyFile, file).description!).id)
}
