/** `keytether card` with AES keys, limits of keys, and derived keys, on an emulated token. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { applicationId, DeleteFile, ImportKeyShare, SelectApplication, UnwrapKey, Verify } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { Emulator, fileStore } from '@keytether/emulator'
import { keytether, type RunOptions } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { vectors } from '@keytether/test/vectors'

const folder = mkdtempSync(join(tmpdir(), 'keytether-secret-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)
const pin = ['--pin-file', file('pin')]

async function ok(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await keytether(['card', ...args, '--emulator', file('token.state')], options)
  assert.equal(code, 0, stderr)
  return stdout
}

async function fails(exitCode: number, error: RegExp, args: readonly string[], options?: RunOptions): Promise<void> {
  const { code, stdout, stderr } = await keytether(['card', ...args, '--emulator', file('token.state')], options)
  assert.match(stderr, error)
  assert.equal(code, exitCode)
  assert.equal(stdout, '')
}

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('so-pin'), '3537363231383830\n')
  await ok(['initialize', '--yes', '--so-pin-file', file('so-pin'), ...pin])
})

describe('AES', () => {
  const message = randomBytes(5000)
  before(async () => {
    writeFileSync(file('message'), message)
    for (const bits of ['128', '192', '256']) {
      const printed = await ok(['generate', '--aes', bits, '--label', `aes${bits}`, ...pin])
      assert.match(printed, /^key \d: AES (128|192|256), aes\d+, id [0-9A-F]{40}\nit cannot leave the card\n$/)
    }
  })

  for (const key of ['aes128', 'aes192', 'aes256']) {
    test(`${key}: encrypt and decrypt`, async () => {
      await ok(['encrypt', key, file('message'), '--out', file('encrypted'), ...pin])
      assert.equal(readFileSync(file('encrypted')).length, 16 + 5008)
      await ok(['decrypt', key, file('encrypted'), '--out', file('decrypted'), ...pin])
      assert.deepEqual(readFileSync(file('decrypted')), message)
    })
  }

  test('a vector of the caller’s is not written', async () => {
    const iv = randomBytes(16)
    writeFileSync(file('iv'), iv)
    const hex = ['--iv', iv.toString('hex')]
    const encrypted = await ok(['encrypt', 'aes256', ...hex, '--format', 'hex', ...pin], { input: 'hello' })
    assert.match(encrypted, /^[0-9a-f]{32}\n$/)
    const input = Buffer.from(encrypted.trim(), 'hex')
    assert.equal(await ok(['decrypt', 'aes256', '--iv-file', file('iv'), ...pin], { input }), 'hello')
    await fails(2, /too few for initialisation vector and a block/, ['decrypt', 'aes256', ...pin], { input })
    const wrong = ['--iv', '00'.repeat(16)]
    const garbled = await ok(['decrypt', 'aes256', '--no-padding', ...wrong, '--format', 'hex', ...pin], { input })
    assert.equal(garbled.length, 33)
    await fails(2, /an initialisation vector has 16 bytes, got 2/, ['decrypt', 'aes256', '--iv', '0011', ...pin], {
      input,
    })
    await fails(2, /not an even number/, ['decrypt', 'aes256', '--iv', '001', ...pin], { input })
  })

  test('without padding', async () => {
    const input = Buffer.alloc(32, 0x11)
    const encrypted = await ok(['encrypt', 'aes128', '--no-padding', '--format', 'hex', ...pin], { input })
    assert.equal(encrypted.length, 2 * 48 + 1)
    const cryptogram = Buffer.from(encrypted.trim(), 'hex')
    const plain = await ok(['decrypt', 'aes128', '--no-padding', '--format', 'hex', ...pin], { input: cryptogram })
    assert.equal(plain, `${'11'.repeat(32)}\n`)
    await fails(
      1,
      /^error: the padding is wrong: .*\nhint: if it was encrypted without padding, add --no-padding/,
      ['decrypt', 'aes128', ...pin],
      { input: cryptogram },
    )
    await fails(
      2,
      /^error: standard input has 5 bytes, and not whole blocks of 16\nhint: leave out --no-padding/,
      ['encrypt', 'aes128', '--no-padding', ...pin],
      { input: 'hello' },
    )
  })

  test('mac and derive', async () => {
    const one = await ok(['mac', 'aes256', file('message'), ...pin])
    assert.match(one, /^[0-9a-f]{32}\n$/)
    assert.equal(await ok(['mac', 'aes256', ...pin], { input: message }), one)
    assert.notEqual(await ok(['mac', 'aes128', ...pin], { input: message }), one)
    const secret = await ok(['derive', 'aes256', ...pin], { input: 'label' })
    assert.match(secret, /^[0-9a-f]{64}\n$/)
    assert.equal(await ok(['derive', 'aes256', ...pin], { input: 'label' }), secret)
  })

  test('keys of another kind', async () => {
    await ok(['generate', '--ec', 'secp256r1', '--label', 'web', ...pin])
    await ok(['generate', '--rsa', '1024', '--label', 'mail', ...pin])
    await fails(2, /web is no AES key/, ['encrypt', 'web', ...pin], { input: '' })
    await fails(2, /web is no AES key/, ['mac', 'web', ...pin], { input: '' })
    await fails(2, /web is an EC key, which does not decrypt/, ['decrypt', 'web', ...pin], { input: '' })
    await fails(2, /for AES, and this is an RSA key/, ['decrypt', 'mail', '--iv', '00'.repeat(16), ...pin], {
      input: '',
    })
    await fails(2, /mail is neither an EC key nor an AES key/, ['derive', 'mail', ...pin], {
      input: await ok(['public-key', 'web']),
    })
  })
})

describe('limits of a key', () => {
  test('algorithms and uses: made, shown, and kept', async () => {
    const limits = ['--algorithm', 'aes-cmac', 'aes-cbc-decrypt', '--uses', '2']
    const made = JSON.parse(await ok(['generate', '--aes', '128', '--label', 'macs', ...limits, '--json', ...pin]))
    assert.deepEqual(made.algorithms, ['aes-cmac', 'aes-cbc-decrypt'])
    assert.deepEqual([made.useCounter, made.exportable], [2, false])
    await ok(['mac', 'macs', ...pin], { input: 'x' })
    const { keys } = JSON.parse(await ok(['list', '--json']))
    const shown = keys.find(({ label }: { label: string }) => label === 'macs')
    assert.deepEqual([shown.useCounter, shown.algorithms], [1, ['aes-cmac', 'aes-cbc-decrypt']])
    assert.match(await ok(['list']), / macs +[0-9A-F]{40} +1 +no +aes-cmac, aes-cbc-decrypt$/m)
    await fails(
      1,
      /not one of those allowed for the key.*\nhint: `keytether card list` shows what each key may be used for/,
      ['encrypt', 'macs', ...pin],
      { input: 'x' },
    )
    await ok(['mac', 'macs', ...pin], { input: 'x' })
    await fails(1, /the use counter of the key has run out/, ['mac', 'macs', ...pin], { input: 'x' })
  })

  test('a key that never leaves the card', async () => {
    const kinds = [
      ['--aes', '128'],
      ['--ec', 'secp256r1'],
      ['--rsa', '1024'],
    ]
    for (const [index, kind] of kinds.entries()) {
      const args = ['generate', ...kind, '--label', `stays${index}`, '--not-exportable', '--json', ...pin]
      const { algorithms, exportable } = JSON.parse(await ok(args))
      assert.equal(exportable, false)
      assert.ok(algorithms.length <= 16 && !algorithms.includes('wrap'))
    }
    assert.match(await ok(['sign', 'stays1', ...pin], { input: 'x' }), /^[0-9a-f]+\n$/)
    assert.equal((await ok(['list'])).match(/ no +all, but not to be copied$/gm)?.length, kinds.length)
  })

  test('what cannot be', async () => {
    const make = (...args: string[]) => ['generate', '--label', 'no', ...args, ...pin]
    await fails(
      2,
      /there is no algorithm rot13\nhint: for AES keys there is aes-cbc-encrypt, /,
      make('--aes', '128', '--algorithm', 'rot13'),
    )
    await fails(2, /ecdsa is not for AES keys/, make('--aes', '128', '--algorithm', 'ecdsa'))
    await fails(2, /cannot be used with/, make('--aes', '128', '--exportable', '--not-exportable'))
    await fails(2, /wrap lets a key leave the card/, make('--aes', '128', '--algorithm', 'wrap', '--not-exportable'))
    await fails(2, /Wanted 128, 192 or 256/, make('--aes', '512'))
    await fails(2, /cannot be used with/, make('--aes', '128', '--rsa', '1024'))
    await fails(
      1,
      /the device has no key domain 0, under which the key could leave it/,
      make('--aes', '128', '--exportable'),
    )
  })
})

test('a derived key', async () => {
  const parameter = ['--parameter', '0102030405060708']
  const derived = await ok(['derive-key', 'web', ...parameter, '--label', 'web-1', ...pin])
  assert.match(derived, /^key \d+: EC secp256r1, web-1, id [0-9A-F]{40}, derived from web\n$/)
  assert.equal(createPublicKey(await ok(['public-key', 'web-1'])).asymmetricKeyDetails?.namedCurve, 'prime256v1')
  await fails(2, /by which number\?/, ['derive-key', 'web', '--label', 'web-2', ...pin])
  await fails(2, /aes128 is no EC key/, ['derive-key', 'aes128', ...parameter, '--label', 'no', ...pin])
})

test('what is left of a key is told, and deleted', async () => {
  {
    await using emulator = await Emulator.open({ store: fileStore(file('token.state')) })
    const [, , deleted] = await emulator.transmit([
      SelectApplication.encodeRequest({ p2: 0 }, applicationId),
      Verify.encodeRequest({ reference: 'user' }, Buffer.from('648219')),
      DeleteFile.encodeRequest({ garbage: 'collect' }, 0xcc01),
    ])
    assert.deepEqual(deleted, fromHex('9000'))
  }
  assert.match(await ok(['list']), /^reference 1: files, but no key: `keytether card delete 1` removes what is left$/m)
  assert.deepEqual(JSON.parse(await ok(['list', '--json'])).leftovers, [1])
  await ok(['delete', '1', '--yes', ...pin])
  assert.equal(JSON.parse(await ok(['list', '--json'])).leftovers, undefined)
  await fails(4, /there is no key 1/, ['delete', '1', '--yes', ...pin])
})

describe('a key that is known elsewhere, too', () => {
  const { computed } = vectors<{ computed: Record<string, string> }>('key-domains.json')
  const known = computed.aesKey!
  const onCard = (...args: string[]) => keytether(['card', ...args, ...pin, '--emulator', file('known.state')])
  const onOther = (...args: string[]) => keytether(['card', ...args, ...pin, '--emulator', file('other.state')])
  const content = randomBytes(3000)

  /** Of a key domain whose key is the share. */
  async function makeToken(name: string): Promise<void> {
    await using emulator = await Emulator.open({ store: fileStore(file(name)) })
    const initialize = '805000001C 80020001 81063634383231398208 3537363231383830 910103 920101'
    const answers = await emulator.transmit([
      SelectApplication.encodeRequest({ p2: 0 }, applicationId),
      fromHex(initialize),
      Verify.encodeRequest({ reference: 'user' }, Buffer.from('648219')),
      ImportKeyShare.encodeRequest({ index: 0 }, fromHex(computed.key!)),
      UnwrapKey.encodeRequest({ key: 1 }, fromHex(computed.aesBlob!)),
    ])
    assert.ok(answers.every(answer => answer.at(-2) === 0x90))
  }

  before(async () => {
    await makeToken('known.state')
    await makeToken('other.state')
    writeFileSync(file('document.pdf'), content)
  })

  test('a key that may leave its card, and one that may not', async () => {
    const made = await onCard('generate', '--aes', '256', '--label', 'out', '--exportable')
    assert.match(made.stdout, /^key 2: AES 256, out, id [0-9A-F]{40}\nit can leave the card: domain 0\n$/, made.stderr)
    const wrapped = await onCard('wrap', 'out', '--out', file('out.key'))
    assert.equal(wrapped.code, 0, wrapped.stderr)
    const unwrapped = await onOther('unwrap', file('out.key'))
    assert.equal(unwrapped.code, 0, unwrapped.stderr)
    const [here, there] = [
      await onCard('mac', 'out', file('document.pdf')),
      await onOther('mac', 'out', file('document.pdf')),
    ]
    assert.match(here.stdout, /^[0-9a-f]{32}\n$/, here.stderr)
    assert.equal(there.stdout, here.stdout, there.stderr)
    const again = await onOther('unwrap', file('out.key'))
    assert.match(again.stderr, /the device has this key already, under reference 2 \(out\)/)

    const { stdout } = await keytether(['card', 'list', '--json', '--emulator', file('known.state')])
    const listed = JSON.parse(stdout)
    assert.deepEqual(
      listed.keys.map(({ exportable }: { exportable: boolean }) => exportable),
      [false, true],
    )
    await onCard('generate', '--aes', '256', '--label', 'in', '--not-exportable')
    const refused = await onCard('wrap', 'in', '--out', file('in.key'))
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /algorithms allowed for the key do not include/)
  })

  test('what the page on AES keys says of openssl', async t => {
    if (!requirePeers(t, ['openssl'])) return
    const page = readFileSync(join(import.meta.dirname, '../../docs/secret-keys.md'), 'utf8')
    const [decrypting, authenticating] = [...page.matchAll(/```sh\n(.*?)```/gs)]
      .map(([, block]) => block!)
      .filter(block => block.includes('openssl'))
    const env = { ...process.env, key: known }
    const encrypted = await onCard('encrypt', '1', file('document.pdf'), '--out', file('document.enc'))
    assert.equal(encrypted.code, 0, encrypted.stderr)
    execFileSync('bash', ['-ec', decrypting!], { cwd: folder, env })
    assert.deepEqual(readFileSync(file('document.openssl')), content)
    const mac = execFileSync('bash', ['-ec', authenticating!], { cwd: folder, env, encoding: 'utf8' })
    assert.equal((await onCard('mac', '1', file('document.pdf'))).stdout, mac.toLowerCase())
  })

  test('what openssl has encrypted', async t => {
    if (!requirePeers(t, ['openssl'])) return
    const iv = '000102030405060708090a0b0c0d0e0f'
    const how = ['-aes-256-cbc', '-K', known, '-iv', iv]
    execFileSync('openssl', ['enc', ...how, '-in', file('document.pdf'), '-out', file('openssl.enc')])
    const decrypted = await onCard('decrypt', '1', file('openssl.enc'), '--iv', iv, '--out', file('decrypted'))
    assert.equal(decrypted.code, 0, decrypted.stderr)
    assert.deepEqual(readFileSync(file('decrypted')), content)
    const encrypted = await onCard('encrypt', '1', file('document.pdf'), '--iv', iv, '--out', file('card.enc'))
    assert.equal(encrypted.code, 0, encrypted.stderr)
    assert.deepEqual(readFileSync(file('card.enc')), readFileSync(file('openssl.enc')))
  })
})
