/** `keytether card clone`, `backup`, `restore` and `import`, on emulated tokens. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Certificate, materialOfPrivateKey } from '@keytether/card'
import { encode } from '@keytether/codec'
import { type BackupKey, createShareFile, decodeBackup, encodeBackup } from '@keytether/custody'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether, type Run, startKeytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'
import { requirePeers } from '@keytether/test/peers'

const folder = mkdtempSync(join(tmpdir(), 'keytether-transfer-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)
const userPin = Buffer.from('648219')
const share = randomBytes(32)
const p256 = { kind: 'ec', curve: 'secp256r1' } as const

const pin = ['--pin-file', file('pin')]
const shares = ['--share', file('web.pbe'), '--password-file', file('password')]

function card(...args: readonly string[]): Promise<Run> {
  return keytether(['card', ...args], { cwd: folder })
}

async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await card(...args)
  assert.equal(code, 0, stderr + stdout)
  return stdout
}

async function fails(exitCode: number, error: RegExp, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await card(...args)
  assert.match(stderr, error)
  assert.equal(code, exitCode, stderr)
  return stdout
}

/** An initialised token with a key domain of one share, and logged in while it is filled. */
async function token(name: string, fill: (card: SmartCardHsm) => Promise<unknown>, ownShare = share): Promise<void> {
  const emulator = await Emulator.open({ store: fileStore(file(name)) })
  const opened = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await opened.initialize({ soPin: Buffer.from('57621880'), userPin, dkekShares: 1, label: name })
  await opened.keyDomains.importShare(0, ownShare)
  await opened.verifyPin(userPin)
  await fill(opened)
  await emulator.close()
}

const nothing = async () => {}

async function fill(card: SmartCardHsm): Promise<void> {
  await card.generateKeyPair(p256, { label: 'web' })
  await card.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'mail' })
  await card.secretKeys.generate(256, { label: 'disk' })
  await card.addData('note', Buffer.from('for all'))
  await card.addData('secret', Buffer.from('for nobody else'), { private: true })
}

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('wrong-pin'), '111111\n')
  writeFileSync(file('password'), 'correct horse\n')
  writeFileSync(file('web.pbe'), await createShareFile(share, Buffer.from('correct horse')))
  await token('from', fill)
})

describe('clone', () => {
  const pins = [...pin, '--to-pin-file', file('pin')]

  test('says what it would do, does it, and finds it done', async () => {
    await token('to', nothing)
    const both = ['clone', 'emulator:from', 'emulator:to', ...pins]
    assert.match(await ok(...both, '--dry-run'), /^key web, EC secp256r1: would be copied$/m)
    assert.match(await ok('list', '--emulator', 'to'), /no keys/)
    const done = await ok(...both)
    assert.match(done, /^key web, EC secp256r1: copied; proven: used once, and verified with its public key$/m)
    assert.match(done, /^key disk, AES 256: copied; proven: it answers as the original does$/m)
    assert.match(done, /^private data secret: copied$/m)
    assert.match(done, /^keys: 3 copied$/m)
    const again = JSON.parse(await ok(...both, '--json'))
    assert.deepEqual(
      again.keys.map(({ status }: { status: string }) => status),
      Array(3).fill('present'),
    )
    assert.match(again.from, /^ZZEMULATOR/)
  })

  test('another key domain: nothing is done, and both key check values are told', async () => {
    await token('other', nothing, randomBytes(32))
    const told =
      /no key can be copied\. Of key web.*key check value [0-9A-F]{16}, is not on the target, where domain 0 has [0-9A-F]{16}/
    await fails(1, told, 'clone', 'emulator:from', 'emulator:other', ...pins)
    assert.doesNotMatch(await ok('list', '--emulator', 'other'), /note/)
  })

  test('a key that never leaves its token: the others are copied, and the exit code says so', async () => {
    await token('partly', card => card.generateKeyPair(p256, { label: 'stays', algorithms: [0x70] }))
    await token('to-2', nothing)
    const both = ['clone', 'emulator:partly', 'emulator:to-2', ...pins]
    const stdout = await fails(5, /1 could not be copied.*\nhint: .*--partial/, ...both)
    assert.match(stdout, /key stays, EC secp256r1: not copied: it was made never to leave its token/)
    await ok(...both, '--partial')
  })

  test('which of the two PINs was wrong; one card twice', async () => {
    await token('to-3', nothing)
    const wrong = ['--to-pin-file', file('wrong-pin')]
    await fails(
      3,
      /^error: emulator:to-3: wrong PIN: 2 tries left/,
      'clone',
      'emulator:from',
      'emulator:to-3',
      ...pin,
      ...wrong,
    )
    await fails(2, /is one card/, 'clone', 'emulator:from', 'emulator:from', ...pins)
  })

  test('killed after each key: run once more, everything is there, and nothing twice', async () => {
    await token('killed', nothing)
    const both = ['card', 'clone', 'emulator:from', 'emulator:killed', ...pins]
    for (const count of [1, 2, 3]) await killedAfterLines(both, count)
    const report = JSON.parse(await ok(...both.slice(1), '--json'))
    const all = [...report.keys, ...report.certificates, ...report.data]
    assert.ok(
      all.every(({ status }) => status === 'copied' || status === 'present'),
      JSON.stringify(all),
    )
    const listed = JSON.parse(await ok('list', '--emulator', 'killed', '--json'))
    assert.deepEqual(
      listed.keys.map(({ label }: { label: string }) => label),
      ['web', 'mail', 'disk'],
    )
    assert.equal(listed.data.length, 2)
  })
})

test('to a token that dialled in to a service, and from there to another one', async () => {
  after(killAll)
  await token('remote', nothing)
  await token('back', nothing)
  writeFileSync(file('api-token'), 'the-token-of-this-test\n')
  writeFileSync(file('root.cvc'), encode(Certificate, emulatorRoot.certificate))
  const trust = ['--token-file', 'api-token', '--trust', 'root.cvc']
  const service = longRunning(['serve', '--listen', '127.0.0.1:0', '--admit', 'genuine', ...trust], folder)
  const { url, ram } = await service.event('ready')
  const emulator = longRunning(['emulator', '--state', 'remote', '--ram', ram!], folder)
  await emulator.event('token')
  const remote = ['--service', url!, ...trust, ...pin, '--to-pin-file', file('pin')]
  while (!(await card('devices', '--service', url!, '--token-file', 'api-token')).stdout.includes('ZZEMU'))
    await delay(50)
  assert.match(await ok('clone', 'emulator:from', 'service', ...remote), /^keys: 3 copied$/m)
  const back = await ok('clone', 'service', 'emulator:back', ...remote)
  assert.match(back, /^key disk, AES 256: copied; proven: it answers as the original does$/m)
  for (const each of [emulator, service]) await each.end('SIGTERM')
})

/** Killed as soon as it has said what came of so many keys. */
async function killedAfterLines(args: readonly string[], count: number): Promise<void> {
  const child = startKeytether(args, { cwd: folder })
  const closed = once(child, 'close')
  child.stderr!.resume()
  let lines = 0
  for await (const line of createInterface(child.stdout!)) {
    assert.match(line, /^key .*: (copied|is there already); proven/)
    if (++lines === count) child.kill('SIGKILL')
    if (lines >= count) break
  }
  child.stdout!.resume()
  await closed
  assert.equal(lines, count)
}

describe('backup', () => {
  const dataPassword = ['--data-password-file', file('password')]

  test('is a file of its owner alone, and is not overwritten unasked', async () => {
    const made = await ok('backup', 'from.backup', '--emulator', 'from', ...pin, ...dataPassword)
    assert.match(made, /^key domain 0: key check value [0-9A-F]{16}$/m)
    assert.match(made, /^private data secret, under a password$/m)
    assert.equal(statSync(file('from.backup')).mode & 0o777, 0o600)
    await fails(1, /is there already\nhint: .*--force/, 'backup', 'from.backup', '--emulator', 'from', ...pin)
    const content = readFileSync(file('from.backup'))
    const hash = createHash('sha256').update(content).digest('hex')
    assert.ok(made.endsWith(`from.backup: SHA-256 ${hash}\n`), 'the one that sha256sum prints')
    assert.ok(content.includes('for all') && !content.includes('for nobody else'))
  })

  test('without a password, private data is left out, and that is said', async () => {
    const stdout = await fails(
      5,
      /without 1 of what is on the card/,
      'backup',
      'small.backup',
      '--emulator',
      'from',
      ...pin,
    )
    assert.match(stdout, /^private data secret: NOT in it$/m)
  })

  test('can be listed without a card', async () => {
    const listed = JSON.parse(await ok('restore', 'from.backup', '--list', '--json'))
    assert.deepEqual(
      listed.keys.map(({ label, wrapped }: { label: string; wrapped: boolean }) => [label, wrapped]),
      [
        ['web', true],
        ['mail', true],
        ['disk', true],
      ],
    )
  })

  test('restored to another token, and again', async () => {
    await token('restored', nothing)
    const to = ['restore', 'from.backup', '--emulator', 'restored', ...pin, ...dataPassword]
    assert.match(await ok(...to), /^keys: 3 copied$/m)
    assert.match(await ok(...to), /^keys: 3 there already$/m)
    const [from, restored] = [
      JSON.parse(await ok('list', '--emulator', 'from', '--json')),
      JSON.parse(await ok('list', '--emulator', 'restored', '--json')),
    ]
    assert.deepEqual(restored.keys, from.keys)
    assert.deepEqual(restored.data, from.data)
  })

  test('a drill proves every key without a token; the wrong shares are told', async () => {
    const drill = JSON.parse(await ok('restore', 'from.backup', '--verify', ...shares, ...dataPassword, '--json'))
    assert.equal(drill.drill, true)
    assert.deepEqual(
      drill.keys.map(({ proof }: { proof: string }) => proof),
      ['publicKey', 'publicKey', 'answer'],
    )
    writeFileSync(file('other.pbe'), await createShareFile(randomBytes(32), Buffer.from('correct horse')))
    const wrong = ['--share', file('other.pbe'), '--password-file', file('password')]
    const told = /its key domain 0 has key check value [0-9A-F]{16}, they make [0-9A-F]{16}\nhint: a share is missing/
    await fails(1, told, 'restore', 'from.backup', '--verify', ...wrong, ...dataPassword)
  })

  test('one that somebody has changed, hash and all: the drill finds the keys that are not what they were', async () => {
    const { keys, ...rest } = decodeBackup(readFileSync(file('from.backup')))
    const [web, mail, disk] = keys as [BackupKey, BackupKey, BackupKey]
    const blob = Uint8Array.from(web.blob!)
    blob[100]! ^= 1
    const hidden = { ...disk, blob: undefined, obstacle: 'it stays\u001b[2K\u001b[1A' }
    const changed = { ...rest, keys: [{ ...web, blob }, { ...mail, certificate: web.certificate }, disk, hidden] }
    writeFileSync(file('changed.backup'), encodeBackup(changed))
    const drill = ['restore', 'changed.backup', '--verify', ...shares, ...dataPassword]
    const stdout = await fails(1, /^error: 2 of 6 failed\nhint: the lines above say why/, ...drill)
    assert.match(stdout, /^key web, EC secp256r1: FAILED: unwrapping failed: .* nothing of it is on the card$/m)
    assert.match(stdout, /^key mail, RSA 2048: FAILED: unwrapping failed: .*not the key of the certificate/m)
    assert.match(stdout, /^key disk, AES 256: copied; proven/m)
    assert.match(stdout, /^key disk, AES 256: not copied: it stays\?\[2K\?\[1A$/m)
  })

  test('a key that nothing in the file tells from another one is not taken for proven', async () => {
    const { keys, ...rest } = decodeBackup(readFileSync(file('from.backup')))
    const [web, mail, { answer: _, ...disk }] = keys as [BackupKey, BackupKey, BackupKey]
    writeFileSync(file('mute.backup'), encodeBackup({ ...rest, keys: [web, mail, disk] }))
    const drill = ['restore', 'mute.backup', '--verify', ...shares, ...dataPassword]
    const stdout = await fails(5, /^error: 1 of 3 keys copied, and not proven/, ...drill)
    assert.match(stdout, /^key disk, AES 256: copied; not proven: nothing is known/m)
    await ok(...drill, '--partial')
  })

  test('what is no backup, and a damaged one', async () => {
    await fails(1, /the file is no backup of a token/, 'restore', 'pin', '--list')
    const content = readFileSync(file('from.backup'))
    content[content.length >> 1]! ^= 1
    writeFileSync(file('damaged.backup'), content)
    await fails(1, /the backup is damaged/, 'restore', 'damaged.backup', '--list')
    await fails(4, /no such file/, 'restore', 'nowhere.backup', '--list')
  })
})

describe('import', () => {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const make = (name: string, ...algorithm: readonly string[]) => {
    openssl('genpkey', ...algorithm, '-out', `${name}.key`)
    openssl('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.crt`)
  }

  test('PKCS #12 and PEM, RSA 4096 and Brainpool: openssl verifies what the card signs', async t => {
    if (!requirePeers(t, ['openssl'])) return
    make('rsa', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096')
    make('curve', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1')
    make('issuer', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
    const export12 = [
      'pkcs12',
      '-export',
      '-inkey',
      'rsa.key',
      '-in',
      'rsa.crt',
      '-certfile',
      'issuer.crt',
      '-name',
      'shop',
    ]
    openssl(...export12, '-out', 'shop.p12', '-passout', 'pass:correct horse')
    await token('imported', nothing)
    const to = ['--emulator', 'imported', ...pin, ...shares]
    const done = await ok('import', 'shop.p12', ...to, '--key-password-file', file('password'), '--issuers')
    assert.match(done, /^key shop, RSA 4096: copied; proven: used once, and verified with its certificate$/m)
    assert.match(done, /^certificate issuer: copied$/m)
    const alone = await ok('import', 'curve.key', '--label', 'curve', ...to)
    assert.match(alone, /^key curve, EC brainpoolP256r1: copied; proven: used once, and verified with its public key$/m)
    const listed = JSON.parse(await ok('list', '--emulator', 'imported', '--json'))
    assert.deepEqual(
      listed.keys.map(({ label, certificate }: Record<string, string>) => [label, certificate]),
      [
        ['shop', 'x509'],
        ['curve', undefined],
      ],
    )
    // Nowhere but in the files that it came in: neither the numbers of a key nor the domain's key.
    const secrets = [materialOfPrivateKey(createPrivateKey(readFileSync(file('curve.key')))), { share }]
      .flatMap(material => Object.entries(material))
      .filter(([name]) => name === 'd' || name === 'share')
    assert.equal(secrets.length, 2)
    for (const [, secret] of secrets) {
      for (const name of readdirSync(folder))
        assert.ok(!readFileSync(file(name)).includes(Buffer.from(secret as Uint8Array)), name)
    }
    for (const [label, name] of [
      ['shop', 'rsa'],
      ['curve', 'curve'],
    ] as const) {
      const signature = Buffer.from((await ok('sign', label, 'pin', '--emulator', 'imported', ...pin)).trim(), 'hex')
      const publicKey = createPublicKey(readFileSync(file(`${name}.key`)))
      assert.ok(verify('sha256', readFileSync(file('pin')), publicKey, signature), label)
    }
  })

  test('refused before the card is asked for anything: keys that it cannot have, and wrong passwords', async t => {
    if (!requirePeers(t, ['openssl'])) return
    openssl('genpkey', '-algorithm', 'ed25519', '-out', 'ed.key')
    await fails(
      5,
      /hint: ed\.key: a key, Ed25519: cards have/,
      'import',
      'ed.key',
      '--emulator',
      'nowhere',
      ...pin,
      ...shares,
    )
    make('small', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
    openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'small.key',
      '-in',
      'small.crt',
      '-out',
      'small.p12',
      '-passout',
      'pass:else',
    )
    const wrong = ['--key-password-file', file('password')]
    await fails(
      3,
      /the password of the key file is wrong/,
      'import',
      'small.p12',
      '--emulator',
      'nowhere',
      ...wrong,
      ...shares,
    )
  })

  test('several files at once, of which the same key counts once; each is named as it is or as its file', async t => {
    if (!requirePeers(t, ['openssl'])) return
    for (const name of ['one', 'two']) make(name, '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
    openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'one.key',
      '-in',
      'one.crt',
      '-out',
      'one.p12',
      '-passout',
      'pass:correct horse',
    )
    openssl('genpkey', '-algorithm', 'ed448', '-out', 'other.key')
    await token('bulk', nothing)
    const files = ['one.p12', 'one.key', 'two.key', 'other.key']
    const to = ['--emulator', 'bulk', ...pin, ...shares, '--key-password-file', file('password')]
    await fails(
      5,
      /^error: 1 of the keys cannot be imported, and none was\nhint: other\.key: a key, Ed448:/,
      'import',
      ...files,
      ...to,
    )
    const done = await ok('import', ...files, ...to, '--partial')
    assert.match(done, /^key one, .*certificate\nkey two, .*public key\nkeys: 2 copied$/m)
  })

  test('shares of another domain are told, and nothing is imported', async t => {
    if (!requirePeers(t, ['openssl'])) return
    make('lone', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')
    await token('strange', nothing, randomBytes(32))
    const told = /this card's key domain 0 has key check value [0-9A-F]{16}; the shares make [0-9A-F]{16}/
    await fails(1, told, 'import', 'lone.key', '--emulator', 'strange', ...pin, ...shares)
    assert.match(await ok('list', '--emulator', 'strange'), /no keys/)
  })
})
