/** `keytether card domain`, `wrap` and `unwrap` on emulated tokens. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { keyEncryptionKey, unwrapKey } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { type Initialization, SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'
import { vectors } from '@keytether/test/vectors'

const { real } = vectors<{ real: Record<string, string> }>('key-domains.json')
const folder = mkdtempSync(join(tmpdir(), 'keytether-domains-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)
const pins = { soPin: Buffer.from('57621880'), userPin: Buffer.from('648219') }
const pin = ['--pin-file', file('pin')]

async function initialized(
  name: string,
  domains: Partial<Initialization>,
  use?: (card: SmartCardHsm) => Promise<void>,
) {
  const emulator = await Emulator.open({ store: fileStore(file(name)) })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await card.initialize({ ...pins, ...domains })
  await use?.(card)
  await emulator.close()
}

async function ok(token: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await keytether(['card', ...args, '--emulator', file(token)])
  assert.equal(code, 0, stderr)
  return stdout
}

async function fails(token: string, exitCode: number, error: RegExp, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await keytether(['card', ...args, '--emulator', file(token)])
  assert.match(stderr, error)
  assert.equal(code, exitCode)
  assert.equal(stdout, '')
}

const value = (share: Uint8Array) => toHex(keyEncryptionKey(share).keyCheckValue).toUpperCase()

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('share.pbe'), fromHex(real.shareFile!))
  writeFileSync(file('password'), `${real.password}\n`)
  writeFileSync(file('btc'), fromHex(real.wrappedKeyFile!))
  await initialized('one', { dkekShares: 1 })
  await initialized('two', { dkekShares: 2 })
  await initialized('none', {})
  await initialized('random', { dkekShares: 0 })
  await initialized('many', { keyDomains: 3 })
})

test('a domain without its key: no key check value, but what to do', async () => {
  const words = '2 of 2 shares missing: `keytether card domain import`'
  assert.match(await ok('two', ['domain', 'list']), new RegExp(`^DOMAIN  STATE\\n0 +${words}\\n$`))
  assert.match(
    await ok('two', ['status']),
    new RegExp(`^DKEK import pending, 2 share\\(s\\) still missing\n {2}${words}$`, 'm'),
  )
  const [domain] = JSON.parse(await ok('two', ['domain', 'list', '--json']))
  assert.deepEqual(domain, { index: 0, state: 'incomplete', shares: 2, outstanding: 2 })
})

test('no domains, and a key that the card has made itself', async () => {
  assert.equal(await ok('none', ['domain', 'list']), 'no key domains: a card gets them when it is initialised\n')
  assert.match(
    await ok('random', ['domain', 'list']),
    /made by the device itself, which alone has its key: key check value [0-9A-F]{16}$/m,
  )
  const share = ['domain', 'import', '--share', file('share.pbe')]
  await fails('none', 1, /^error: this card was initialised without key domains\nhint: only initialising/, share)
  await fails('random', 1, /^error: domain 0 takes no shares/, share)
})

test('several domains', async () => {
  await ok('many', ['domain', 'create', '--domain', '1', '--shares', '3', ...pin])
  await fails('many', 1, /^error: create domain 1: the domain is set up already/, [
    ...['domain', 'create', '--domain', '1', '--shares', '3'],
    ...pin,
  ])
  const list = await ok('many', ['domain', 'list'])
  assert.match(
    list,
    /^0 +not set up\n1 +3 of 3 shares missing: `keytether card domain import --domain 1`\n2 +not set up\n/m,
  )
  const share = ['--share', file('share.pbe')]
  await fails('many', 1, /^error: domain 0 takes no shares\nhint: .*`keytether card domain create`/, [
    'domain',
    'import',
    ...share,
  ])
  await fails('many', 4, /^error: there is no key domain 3\n/, ['domain', 'import', '--domain', '3', ...share])
  await fails('many', 2, /There is no terminal to ask on/, ['domain', 'delete', '--domain', '1', ...pin])
  assert.equal(await ok('many', ['domain', 'delete', '--domain', '1', '--yes', ...pin]), 'deleted domain 1\n')
  await fails('many', 1, /^error: delete domain 1: the domain is not set up/, [
    'domain',
    'delete',
    '--domain',
    '1',
    '--yes',
    ...pin,
  ])
})

test('who has the PIN needs no custodian to get keys out: a domain takes other shares, and the command line says so', async () => {
  const theirs = randomBytes(32)
  const mine = randomBytes(32)
  await initialized('guarded', { dkekShares: 1 }, async card => {
    await card.keyDomains.importShare(0, theirs)
    await card.verifyPin(pins.userPin)
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'theirs' })
  })
  const keyOnly = ['domain', 'delete', '--key-only', ...pin]
  await fails('guarded', 2, /1 key in it stays, and leaves the card under whatever shares are imported next/, keyOnly)
  assert.match(await ok('guarded', [...keyOnly, '--yes']), /^deleted the key of domain 0\. 1 key in it stays/)
  const emulator = await Emulator.open({ store: fileStore(file('guarded')) })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await card.keyDomains.importShare(0, mine)
  await card.verifyPin(pins.userPin)
  const { blob } = await card.wrapKey(1)
  await emulator.close()
  assert.equal(unwrapKey(keyEncryptionKey(mine), blob).ok, true)
  // What shows it to who knows the value from before.
  assert.match(await ok('guarded', ['domain', 'list']), new RegExp(value(mine)))
})

test('a share of a real device, its key, and the same key on another card', async () => {
  const share = ['--share', file('share.pbe'), '--password-file', file('password')]
  await fails(
    'one',
    1,
    /^error: btc: unwrap a key: it was wrapped under the domain 97E303855DC1C54D; on this device, domain 0 misses 1 of 1 shares\nhint: import the same shares/,
    ['unwrap', file('btc'), ...pin],
  )
  await fails('one', 2, /^error: 2 shares were given, and domain 0 misses 1 of 1/, [
    'domain',
    'import',
    ...share,
    '--share',
    'other',
  ])
  const imported = await ok('one', ['domain', 'import', ...share])
  assert.match(imported, /^domain 0: complete with 1 share: key check value 97E303855DC1C54D\ncompare it/)
  await fails('one', 1, /^error: domain 0 has all of its 1 share already/, ['domain', 'import', ...share])
  assert.match(await ok('one', ['unwrap', file('btc'), ...pin]), /^btc: key 1, EC secp256k1, btc-test, id /)
  await fails('one', 1, /has this key already, under reference 1 \(btc-test\)/, ['unwrap', file('btc'), ...pin])
  const wrapped = await ok('one', ['wrap', 'btc-test', '--out', file('again'), ...pin])
  assert.match(wrapped, /again: EC secp256k1 key btc-test, under the key domain 97E303855DC1C54D$/m)
  assert.equal(statSync(file('again')).mode & 0o777, 0o600)
  assert.equal(readFileSync(file('again')).length, readFileSync(file('btc')).length)
  await initialized('second', { dkekShares: 1 }, async card => {
    await card.keyDomains.importShare(0, fromHex(real.share!))
  })
  const [key] = JSON.parse(
    await ok('second', ['unwrap', file('again'), '--label', 'btc', '--reference', '9', '--json', ...pin]),
  )
  assert.deepEqual([key.label, key.reference, key.keyDomain], ['btc', 9, 0])
})

test('another domain', async () => {
  const other = new Uint8Array(32).fill(7)
  await initialized('other', { dkekShares: 1 }, async card => {
    await card.keyDomains.importShare(0, other)
  })
  const words = `it was wrapped under the domain 97E303855DC1C54D; on this device, domain 0 has ${value(other)}`
  await fails(
    'other',
    1,
    new RegExp(`^error: btc: unwrap a key: ${words}\\nhint: import the same shares on both cards`),
    [...['unwrap', file('btc')], ...pin],
  )
  await fails('other', 1, /pin is no wrapped key/, ['unwrap', file('pin'), ...pin])
  await fails('other', 2, /--reference and --label are for one file/, [
    'unwrap',
    file('btc'),
    file('pin'),
    '--label',
    'x',
    ...pin,
  ])
})

test('a key that stays', async () => {
  await ok('other', ['generate', '--ec', 'secp256r1', '--label', 'stays', '--not-exportable', ...pin])
  await fails('other', 1, /^error: wrap key 1: the algorithms allowed .* it stays here/, [
    'wrap',
    'stays',
    '--out',
    file('x'),
    ...pin,
  ])
  await ok('two', ['generate', '--ec', 'secp256r1', '--label', 'early', ...pin])
  await fails('two', 1, /^error: wrap key 1: domain 0 misses 2 of 2 shares\nhint: `keytether card domain import`/, [
    ...['wrap', 'early', '--out', file('x')],
    ...pin,
  ])
})
