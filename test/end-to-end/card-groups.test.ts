/** `keytether card group` on emulated tokens: a founder, two members, and a card that is none. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'

const folder = mkdtempSync(join(tmpdir(), 'keytether-groups-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const pin = ['--pin-file', 'pin']

async function run(args: readonly string[]) {
  return keytether(['card', ...args], { cwd: folder })
}

async function ok(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args)
  assert.equal(code, 0, stderr)
  return stdout
}

async function fails(exitCode: number, error: RegExp, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(args)
  assert.match(stderr, error)
  assert.equal(code, exitCode)
  assert.equal(stdout, '')
}

const on = (token: string) => ['--emulator', token]
const domainOf = async (token: string) => JSON.parse(await ok(['domain', 'list', '--json', ...on(token)]))[0]

before(async () => {
  writeFileSync(join(folder, 'pin'), '648219\n')
  for (const name of ['founder', 'a', 'b', 'c', 'stranger']) {
    const emulator = await Emulator.open({ store: fileStore(join(folder, name)) })
    const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
    await card.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from('648219'), keyDomains: 2 })
    await emulator.close()
  }
})

test('a founder vouches for cards, which join', async () => {
  assert.match(
    await ok(['group', 'signer', '--label', 'admin', ...on('founder'), ...pin]),
    /^key 1: EC brainpoolP256r1, admin, id /,
  )
  for (const name of ['a', 'b', 'c']) {
    await ok(['group', 'identity', '--out', `${name}.device`, ...on(name)])
    await ok(['group', 'membership', 'admin', `${name}.device`, '--out', `${name}.member`, ...on('founder'), ...pin])
    const joined = await ok(['group', 'join', `${name}.member`, ...on(name), ...pin])
    assert.match(
      joined,
      /^domain 0: group [0-9A-F]{16}…, no key yet: `keytether card group connect` with another member$/m,
    )
  }
  const { state, uid, keyCheckValue } = await domainOf('a')
  assert.deepEqual([state, uid.length, keyCheckValue], ['incomplete', 128, undefined])
})

test('a membership of another card, and files that are something else', async () => {
  await fails(1, /^error: create domain 0: the membership is not for this device/, [
    'group',
    'join',
    'a.member',
    ...on('stranger'),
    ...pin,
  ])
  await fails(1, /^error: pin is no file for this: .*\nhint: `keytether card group membership` writes one/, [
    'group',
    'join',
    'pin',
    ...on('stranger'),
    ...pin,
  ])
  await fails(1, /^error: a.device: not the certificates of a genuine device \(untrustedRoot\)/, [
    'group',
    'membership',
    'admin',
    'a.device',
    '--reader',
    'none',
  ])
  await fails(1, /^error: domain 0 of ZZEMULATOR\/\S+ is not that of a group\nhint: .*group join/, [
    'group',
    'connect',
    'emulator:a',
    'emulator:stranger',
    ...pin,
    '--to-pin-file',
    'pin',
  ])
  writeFileSync(join(folder, 'wrong'), '111111\n')
  await fails(3, /^error: emulator:b: wrong PIN: 2 tries left/, [
    'group',
    'connect',
    'emulator:a',
    'emulator:b',
    ...pin,
    '--to-pin-file',
    'wrong',
  ])
  await fails(2, /emulator:a is one card: which is the other one/, [
    'group',
    'connect',
    'emulator:a',
    'emulator:a',
    ...pin,
    '--to-pin-file',
    'pin',
  ])
})

test('two members connect, and a key goes from one to the other', async () => {
  const words = await ok(['group', 'connect', 'emulator:a', 'emulator:b', ...pin, '--to-pin-file', 'pin'])
  const [, value] = /have the same key now: key check value ([0-9A-F]{16})$/m.exec(words) ?? []
  assert.equal((await domainOf('a')).keyCheckValue, value)
  assert.equal((await domainOf('b')).keyCheckValue, value)
  await ok(['generate', '--ec', 'secp256r1', '--label', 'shared', ...on('a'), ...pin])
  await ok(['wrap', 'shared', '--out', 'shared.wrapped', ...on('a'), ...pin])
  assert.match(
    await ok(['unwrap', 'shared.wrapped', ...on('b'), ...pin]),
    /^shared.wrapped: key \d+, EC secp256r1, shared, /,
  )
  await fails(
    1,
    /^error: shared.wrapped: unwrap a key: it was wrapped under the domain .*; on this device, domain 0, of a group, has no key yet/,
    ['unwrap', 'shared.wrapped', ...on('c'), ...pin],
  )
})

test('a clone: all keys but the exchange key, which is each card’s own', async () => {
  await ok(['group', 'connect', 'emulator:a', 'emulator:b', ...pin, '--to-pin-file', 'pin'])
  await ok(['generate', '--aes', '128', '--label', 'files', ...on('a'), ...pin])
  const words = await ok(['clone', 'emulator:a', 'emulator:b', ...pin, '--to-pin-file', 'pin'])
  assert.match(words, /^key files, AES 128: copied; proven/m)
  assert.doesNotMatch(words, /not copied|exchange key/)
  const labels = JSON.parse(await ok(['list', '--json', ...on('b')])).keys.map((key: { label: string }) => key.label)
  assert.deepEqual(labels.sort(), ['exchange key of domain 0', 'files', 'shared'])
})

test('the same through files', async () => {
  for (const name of ['b', 'c']) await ok(['group', 'offer', '--out', `${name}.offer`, ...on(name), ...pin])
  const [ofB, ofC] = [
    await ok(['group', 'accept', 'c.offer', ...on('b'), ...pin]),
    await ok(['group', 'accept', 'b.offer', ...on('c'), ...pin]),
  ]
  assert.match(ofB, /^domain 0: group [0-9A-F]{16}…, key check value [0-9A-F]{16}$/m)
  assert.equal(ofB, ofC)
})
