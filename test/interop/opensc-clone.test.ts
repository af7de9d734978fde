/**
 * Two emulated tokens in two readers of pcscd: keys that OpenSC makes on one are cloned to the other, keys of OpenSSL are
 * imported, a backup is restored, and OpenSC signs with all of them.
 */
import assert from 'node:assert/strict'
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Certificate } from '@keytether/card'
import { encode, toHex } from '@keytether/codec'
import { createShareFile } from '@keytether/custody'
import { emulatorRoot } from '@keytether/emulator'
import { killAll, longRunning } from '@keytether/test/long-running'
import { openscTests, openToken, soPin, userPin } from '@keytether/test/opensc'
import { virtualReaders } from '@keytether/test/sandbox'

const program = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const [first, second] = virtualReaders
const message = 'The quick brown fox jumps over the lazy dog'
const password = 'correct horse'
const timeoutMs = 120_000

if (await openscTests(import.meta.filename, 300_000)) {
  const token = await openToken()
  after(() => token[Symbol.asyncDispose]())
  after(killAll)
  const { stdout: folder } = await token.run('pwd', ['-P'])
  const other = longRunning(
    ['emulator', '--state', 'other.state', '--vpcd', `${second.host}:${second.port}`],
    folder.trim(),
  )
  await other.event('inserted')

  const share = randomBytes(32)
  await token.write('message', message)
  await token.write('pin', `${userPin}\n`)
  await token.write('password', `${password}\n`)
  await token.write('share.pbe', await createShareFile(share, Buffer.from(password)))
  await token.write('root.cvc', encode(Certificate, emulatorRoot.certificate))
  for (const reader of ['0', '1']) {
    const pins = ['--so-pin', soPin, '--pin', userPin]
    await token.run('sc-hsm-tool', ['--reader', reader, '--initialize', ...pins, '--dkek-shares', '1'])
    const apdu = `8052000020${toHex(share)}00`
    await token.run('opensc-tool', ['--reader', reader, '--card-driver', 'sc-hsm', '--send-apdu', apdu])
  }

  const ours = async (...args: readonly string[]) =>
    (await token.run(process.execPath, [program, 'card', ...args, '--trust', 'root.cvc'], { timeoutMs })).stdout
  const onSecond = ['--reader', second.name, '--pin-file', 'pin']
  const openssl = (...args: readonly string[]) => token.run('openssl', args)

  const publicKey = async (slot: number, id: string) => {
    const file = ['--output-file', 'public.der']
    await token.pkcs11(['--slot-index', `${slot}`, '--read-object', '--type', 'pubkey', '--id', id, ...file])
    return createPublicKey({ key: await token.read('public.der'), format: 'der', type: 'spki' })
  }

  /** OpenSC signs with a key in the second reader. */
  const signs = async (key: ReturnType<typeof createPublicKey>, id: string) => {
    const mechanism = key.asymmetricKeyType === 'rsa' ? 'SHA256-RSA-PKCS' : 'ECDSA-SHA256'
    await token.loggedIn([
      ...['--slot-index', '1', '--sign', '--mechanism', mechanism, '--id', id],
      ...['--input-file', 'message', '--output-file', 'signature', '--signature-format', 'openssl'],
    ])
    assert.ok(verify('sha256', Buffer.from(message), key, await token.read('signature')))
  }

  test('keys, a certificate and data that OpenSC put there are cloned; it signs with the copies', async () => {
    const make = (type: string, id: string) =>
      token.loggedIn(['--slot-index', '0', '--keypairgen', '--key-type', type, '--id', id, '--label', type], {
        timeoutMs,
      })
    await make('rsa:2048', '01')
    await make('EC:prime256v1', '02')
    await token.loggedIn([
      '--slot-index',
      '0',
      '--write-object',
      'message',
      '--type',
      'data',
      '--label',
      'fox',
      '--private',
    ])
    const clone = [
      'clone',
      `reader:${first.name}`,
      `reader:${second.name}`,
      '--pin-file',
      'pin',
      '--to-pin-file',
      'pin',
    ]
    const done = await ours(...clone)
    assert.match(done, /^key rsa:2048, RSA 2048: copied; proven/m)
    assert.match(done, /^key EC:prime256v1, EC secp256r1: copied; proven/m)
    assert.match(done, /^private data fox: copied$/m)
    for (const id of ['01', '02']) {
      const original = await publicKey(0, id)
      assert.ok(original.equals(await publicKey(1, id)))
      await signs(original, id)
    }
    const read = ['--slot-index', '1', '--read-object', '--type', 'data', '--label', 'fox', '--output-file', 'read']
    await token.loggedIn(read)
    assert.equal((await token.read('read')).toString(), message)
    assert.match(await ours(...clone), /^keys: 2 there already$/m)
  })

  const kinds = [
    ['rsa2048', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['rsa4096', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096']],
    ['p256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['brainpool', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1']],
  ] as const

  test('PKCS #12 files of OpenSSL are imported; OpenSC finds keys and certificates, and signs', async () => {
    for (const [name, algorithm] of kinds) {
      await openssl('genpkey', ...algorithm, '-out', `${name}.key`)
      await openssl('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.crt`)
      const source = ['-inkey', `${name}.key`, '-in', `${name}.crt`, '-name', name]
      await openssl('pkcs12', '-export', ...source, '-out', `${name}.p12`, '-passout', `pass:${password}`)
    }
    const files = kinds.map(([name]) => `${name}.p12`)
    const passwords = ['--key-password-file', 'password', '--share', 'share.pbe', '--password-file', 'password']
    const done = await ours('import', ...files, ...onSecond, ...passwords)
    for (const [name] of kinds) {
      assert.match(
        done,
        new RegExp(`^key ${name}, .*: copied; proven: used once, and verified with its certificate$`, 'm'),
      )
    }
    const listed = await token.loggedIn(['--slot-index', '1', '--list-objects', '--type', 'cert'])
    for (const [name] of kinds) assert.match(listed, new RegExp(`CN=${name}\\n`))
    const { keys } = JSON.parse(await ours('list', '--reader', second.name, '--json'))
    for (const [name] of kinds) {
      const { id } = keys.find(({ label }: { label: string }) => label === name)
      await signs(createPublicKey(await token.read(`${name}.key`)), id)
    }
  })

  test('a key without certificate is imported; OpenSC signs with it', async () => {
    const bare = [kinds[0], kinds[2]]
    for (const [name, algorithm] of bare) await openssl('genpkey', ...algorithm, '-out', `bare-${name}.pem`)
    const shares = ['--share', 'share.pbe', '--password-file', 'password']
    await ours('import', ...bare.map(([name]) => `bare-${name}.pem`), ...onSecond, ...shares)
    const { keys } = JSON.parse(await ours('list', '--reader', second.name, '--json'))
    for (const [name] of bare) {
      const { id } = keys.find(({ label }: { label: string }) => label === `bare-${name}`)
      await signs(createPublicKey(await token.read(`bare-${name}.pem`)), id)
    }
  })

  test('a backup, and all of it restored after the token was initialised again', async () => {
    await ours('backup', 'all.backup', ...onSecond, '--data-password-file', 'password')
    await token.run('sc-hsm-tool', [
      '--reader',
      '1',
      '--initialize',
      '--so-pin',
      soPin,
      '--pin',
      userPin,
      '--dkek-shares',
      '1',
    ])
    await ours('domain', 'import', '--reader', second.name, '--share', 'share.pbe', '--password-file', 'password')
    // Of an EC key without a certificate nothing tells whether it is the right one.
    const done = await ours('restore', 'all.backup', ...onSecond, '--data-password-file', 'password', '--partial')
    assert.match(done, /^keys: 8 copied$/m)
    assert.match(done, /^key bare-p256, EC 256: copied; not proven/m)
    await signs(await publicKey(0, '01'), '01')
    const { keys } = JSON.parse(await ours('list', '--reader', second.name, '--json'))
    const { id } = keys.find(({ label }: { label: string }) => label === 'rsa4096')
    await signs(createPublicKey(await token.read('rsa4096.key')), id)
  })
}
