/** `keytether card` on an emulated token: keys, certificates, PINs, and openssl on the results. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { keytether, type Run, type RunOptions } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-card-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)
const main = join(import.meta.dirname, '../../packages/cli/src/main.ts')

const pin = ['--pin-file', file('pin')]

function card(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return keytether(['card', ...args, '--emulator', file('token.state')], options)
}

async function ok(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await card(args, options)
  assert.equal(code, 0, stderr)
  return stdout
}

async function fails(exitCode: number, error: RegExp, args: readonly string[], options?: RunOptions): Promise<void> {
  const { code, stdout, stderr } = await card(args, options)
  assert.match(stderr, error)
  assert.equal(code, exitCode)
  assert.equal(stdout, '')
}

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('wrong-pin'), '111111\n')
  writeFileSync(file('so-pin'), '3537363231383830\n')
})

test('there is no token before it is initialised', async () => {
  await fails(4, /^error: there is no emulated token in .*\nhint: `keytether card initialize/, ['status'])
})

test('initialising asks, and without a terminal wants --yes', async () => {
  const pins = ['--so-pin-file', file('so-pin'), ...pin]
  await fails(2, /There is no terminal to ask on\nhint: if you are sure, add --yes\n$/, ['initialize', ...pins])
  await ok(['initialize', '--label', 'shelf', '--yes', ...pins])
})

test('status', async () => {
  const status = JSON.parse(await ok(['status', '--json']))
  assert.equal(status.root.kind, 'own')
  assert.equal(status.label, 'shelf')
  assert.deepEqual(status.userPin, { status: 'notVerified', triesLeft: 3 })
  assert.equal(status.keys, 0)
  assert.match(await ok(['status']), /^User PIN tries left +: 3$/m)
})

describe('keys', () => {
  before(async () => {
    await ok(['generate', '--ec', 'prime256v1', '--label', 'web', ...pin])
    await ok(['generate', '--rsa', '2048', '--label', 'mail', '--pin-env', 'TOKEN_PIN'], {
      env: { TOKEN_PIN: '648219' },
    })
  })

  test('list', async () => {
    const { keys } = JSON.parse(await ok(['list', '--json']))
    assert.deepEqual(
      keys.map(({ label, type, bits, curve }: Record<string, unknown>) => [label, type, bits, curve]),
      [
        ['web', 'EC', 256, 'secp256r1'],
        ['mail', 'RSA', 2048, undefined],
      ],
    )
    assert.match(await ok(['list']), /^KEY .*\n1 +EC secp256r1 +web .*\n2 +RSA 2048 +mail /)
  })

  test('an unknown one', () =>
    fails(4, /^error: there is no key nobody\nhint: there is web, mail/, ['public-key', 'nobody']))

  const signatures = [
    ['web', 'ECDSA', 'sha256', []],
    ['web', 'ECDSA', 'sha512', []],
    ['mail', 'RSA_PKCS1', 'sha384', []],
    ['mail', 'RSA_PSS', 'sha256', ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']],
  ] as const
  for (const [key, scheme, hash, options] of signatures) {
    test(`${scheme} with ${hash}, verified by openssl`, async t => {
      if (!requirePeers(t, ['openssl'])) return
      writeFileSync(file('message'), 'hello')
      await ok(['public-key', key, '--out', file('public.pem')])
      const how = ['--scheme', scheme, '--hash', hash, '--format', 'raw', '--out', file('signature')]
      await ok(['sign', key, file('message'), ...how, ...pin])
      const verification = ['-verify', file('public.pem'), ...options, '-signature', file('signature'), file('message')]
      assert.equal(
        execFileSync('openssl', ['dgst', `-${hash}`, ...verification], { encoding: 'utf8' }),
        'Verified OK\n',
      )
    })
  }

  test('a hash and standard input give the same RSA signature', async () => {
    const digest = createHash('sha256').update('hello').digest('hex')
    const ofHash = await ok(['sign', 'mail', '--digest', digest, ...pin])
    assert.match(ofHash, /^[0-9a-f]{512}\n$/)
    assert.equal(await ok(['sign', 'mail', ...pin], { input: 'hello' }), ofHash)
  })

  test('the wrong scheme', () =>
    fails(2, /^error: RSA_PSS is not for EC keys/, ['sign', 'web', '--scheme', 'RSA_PSS', ...pin], { input: '' }))

  test('decrypt', async () => {
    const publicKey = createPublicKey(await ok(['public-key', 'mail']))
    const input = publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, Buffer.from('secret'))
    assert.equal(await ok(['decrypt', 'mail', ...pin], { input }), 'secret')
  })

  test('derive', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const input = other.publicKey.export({ type: 'spki', format: 'pem' })
    const ours = createPublicKey(await ok(['public-key', 'web']))
    const secret = diffieHellman({ privateKey: other.privateKey, publicKey: ours }).toString('hex')
    assert.equal(await ok(['derive', 'web', ...pin], { input }), `${secret}\n`)
  })

  test('certificate', async t => {
    if (!requirePeers(t, ['openssl'])) return
    // A certificate for the key on the card, by an authority that openssl makes on the spot.
    await ok(['public-key', 'web', '--out', file('public.pem')])
    const subject = ['-subj', '/CN=web', '-days', '1']
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('ca.key')]
    execFileSync('openssl', ['req', '-x509', ...made, ...subject, '-out', file('ca.pem')], { stdio: 'pipe' })
    execFileSync('openssl', ['req', '-new', '-key', file('ca.key'), '-subj', '/CN=web', '-out', file('request.pem')])
    const signing = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-force_pubkey', file('public.pem')]
    execFileSync(
      'openssl',
      ['x509', '-req', '-in', file('request.pem'), ...signing, '-days', '1', '-out', file('web.pem')],
      { stdio: 'pipe' },
    )

    await fails(1, /another/, ['certificate', 'write', 'web', file('ca.pem'), ...pin])
    await ok(['certificate', 'write', 'web', file('web.pem'), ...pin])
    assert.equal(await ok(['certificate', 'read', 'web']), readFileSync(file('web.pem'), 'utf8'))
  })

  test('delete', async () => {
    await ok(['generate', '--ec', 'brainpoolP256r1', '--label', 'old', ...pin])
    await fails(2, /Delete EC brainpoolP256r1 key old/, ['delete', 'old', ...pin])
    await ok(['delete', 'old', '--yes', ...pin])
    const { keys } = JSON.parse(await ok(['list', '--json']))
    assert.deepEqual(
      keys.map(({ label }: { label: string }) => label),
      ['web', 'mail'],
    )
  })
})

test('random', async () => {
  const [one, other] = [await ok(['random', '1500']), await ok(['random', '1500'])]
  assert.match(one, /^[0-9a-f]{3000}\n$/)
  assert.notEqual(one, other)
})

describe('PINs', () => {
  const wrong = ['sign', 'web', '--digest', '00'.repeat(32), '--pin-file', file('wrong-pin')]

  test('without one there is no signature', () =>
    fails(
      3,
      /^error: the PIN is needed, and there is no terminal to ask on\nhint: give it with --pin-file or --pin-env/,
      ['sign', 'web', '--digest', '00'.repeat(32)],
    ))

  test('Ctrl-D on a terminal gives none', async () => {
    const command = [process.execPath, main, 'card', 'sign', 'web', '--digest', '00'.repeat(32)]
    const terminal = spawn('script', ['-qec', [...command, '--emulator', file('token.state')].join(' '), '/dev/null'], {
      env: { ...process.env, NO_COLOR: '1', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 20_000,
    })
    let shown = ''
    let sent = false
    terminal.stdout.on('data', chunk => {
      shown += chunk
      // The end of the question's frame.
      if (!sent && shown.includes('└')) sent = terminal.stdin.write('\x04')
    })
    const [code] = await once(terminal, 'close')
    assert.match(shown, /error: no PIN was given/)
    assert.equal(code, 130)
  })

  test('what cannot be one is not presented', async () => {
    writeFileSync(file('short-pin'), '123\n')
    await fails(3, /wanted 6 to 16 characters, got 3/, [
      'sign',
      'web',
      '--digest',
      '00'.repeat(32),
      '--pin-file',
      file('short-pin'),
    ])
    await fails(4, /no such file/, ['sign', 'web', '--digest', '00'.repeat(32), '--pin-file', file('no-pin')])
  })

  test('wrong ones are counted, and the last try is kept', async () => {
    await fails(3, /^error: wrong PIN: 2 tries left\n$/, wrong)
    await fails(3, /^error: wrong PIN: 1 try left\nhint: one more wrong PIN blocks it/, wrong)
    await fails(
      3,
      /^error: one try is left before the PIN is blocked, and it was not spent\nhint: if you are sure of it, add --last-try/,
      wrong,
    )
    assert.match(await ok(['pin', 'status']), /^User PIN +: 1 try left$/m)
    await fails(3, /^error: (wrong PIN: 0 tries left|the PIN is blocked)\nhint: `keytether card pin unblock`/, [
      ...wrong,
      '--last-try',
    ])
    await fails(3, /^error: the PIN is blocked\nhint: `keytether card pin unblock`/, wrong)
  })

  test('unblock and change', async () => {
    writeFileSync(file('new-pin'), '87654321\n')
    await ok(['pin', 'unblock', '--so-pin-file', file('so-pin'), '--new-pin-file', file('new-pin')])
    await ok(['pin', 'change', '--pin-file', file('new-pin'), '--new-pin-file', file('pin')])
    await ok(['sign', 'web', '--digest', '00'.repeat(32), ...pin])
    const { user } = JSON.parse(await ok(['pin', 'status', '--json']))
    assert.deepEqual(user, { status: 'notVerified', triesLeft: 3 })
  })
})

test('a token encrypted with a passphrase', async () => {
  writeFileSync(file('passphrase'), 'correct horse battery staple\n')
  writeFileSync(file('other'), 'incorrect horse\n')
  const sealed = (args: readonly string[]) => keytether(['card', ...args, '--emulator', file('sealed.state')])
  const right = ['--passphrase-file', file('passphrase')]
  const made = await sealed(['initialize', '--yes', '--so-pin-file', file('so-pin'), ...pin, ...right])
  assert.equal(made.code, 0, made.stderr)
  assert.equal((await sealed(['status', ...right])).code, 0)
  for (const args of [['status'], ['status', '--passphrase-file', file('other')]]) {
    const { code, stderr } = await sealed(args)
    assert.match(stderr, /passphrase/)
    assert.equal(code, 1)
  }
})

test('two commands at a time: the second one is told', async () => {
  const runs = await Promise.all([card(['random', '60000']), card(['random', '60000'])])
  const refused = runs.filter(({ code }) => code !== 0)
  for (const { stderr } of refused) assert.match(stderr, /token.state is in use by/)
  assert.ok(refused.length < 2)
})

test('who reads no more stops nothing that is being done', async () => {
  const command = ['card', 'generate', '--ec', 'secp256r1', '--label', 'unread', '--attestation', file('unread.json')]
  const child = spawn(process.execPath, [main, ...command, ...pin, '--emulator', file('token.state')], {
    stdio: 'pipe',
  })
  child.stdout.destroy()
  child.stderr.destroy()
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(JSON.parse(readFileSync(file('unread.json'), 'utf8')).keys.length, 1)
  await ok(['delete', 'unread', '--yes', ...pin])
})
