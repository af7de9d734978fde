/**
 * `keytether card custodian`: a device that two of three custodians open, here and through a service, each with a process and
 * a token of his own, in any order.
 */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'
import { killAll, longRunning } from '@keytether/test/long-running'

const folder = mkdtempSync(join(tmpdir(), 'keytether-custodians-'))
const file = (name: string) => join(folder, name)
after(() => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

async function ok(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await keytether(args, { cwd: folder })
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

async function fails(exitCode: number, error: RegExp, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await keytether(args, { cwd: folder })
  assert.match(stderr, error)
  assert.equal(code, exitCode, stderr)
  assert.equal(stdout, '')
}

const pins = ['--so-pin-file', 'so-pin', '--pin-file', 'pin']
const people = ['alice', 'bob', 'carol'] as const
/** What their keys are registered as. */
const names: Record<string, string> = {}

/** A token that two of the three open. */
async function guarded(state: string): Promise<void> {
  const options = ['--custodians', '3', '--required', '2', '--no-pin', '--so-pin-file', 'so-pin', '--yes']
  await ok(['card', 'initialize', ...options, '--emulator', state])
  const files = people.map(person => `${person}.pka`)
  const said = await ok(['card', 'custodian', 'register', ...files, '--emulator', state])
  const registered = people.map(person => `registered ${names[person]}\n`).join('')
  assert.equal(said, `${registered}2 of 3 keys open the device; 0 authenticated\n`)
}

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  writeFileSync(file('so-pin'), '3537363231383830\n')
  for (const person of people) {
    const own = ['--emulator', `${person}.state`]
    await ok(['card', 'initialize', '--yes', ...pins, ...own])
    await ok(['card', 'generate', '--ec', 'brainpoolP256r1', '--label', person, '--pin-file', 'pin', ...own])
    const { stderr } = await keytether(['card', 'custodian', 'export', person, '--out', `${person}.pka`, ...own], {
      cwd: folder,
    })
    names[person] = /registered elsewhere as (\S+)/.exec(stderr)![1]!
  }
  await guarded('guarded.state')
})

describe('a device in a file, with custodians at hand', () => {
  const target = ['--emulator', 'guarded.state']
  const alice = ['--custodian', 'emulator:alice.state', '--custodian-pin-file', 'pin']
  const carol = ['--custodian', 'emulator:carol.state', '--custodian-pin-file', 'pin']
  const generate = ['card', 'generate', '--ec', 'secp256r1', '--label', 'web', ...target]

  test('what it says', async () => {
    assert.equal(await ok(['card', 'custodian', 'status', ...target]), '2 of 3 keys open the device; 0 authenticated\n')
    const keys = JSON.parse(await ok(['card', 'custodian', 'list', '--json', ...target]))
    assert.deepEqual(
      keys,
      people.map((person, index) => ({ index, holderReference: names[person], authenticated: false })),
    )
    assert.match(await ok(['card', 'custodian', 'list', ...target]), new RegExp(`${names.bob} +no`))
  })

  test('nobody, one, and two of three', async () => {
    await fails(3, /2 of 3 keys open the device; 0 authenticated: 2 more are needed\nhint: --custodian/, generate)
    await fails(3, /1 authenticated: 1 more is needed/, [...generate, ...alice])
    await fails(4, /has no key that is registered and still to authenticate/, [...generate, ...alice, ...alice])
    await ok([...generate, ...carol, ...alice])
    await fails(3, /0 authenticated/, ['card', 'sign', 'web', 'pin', ...target])
    await ok(['card', 'sign', 'web', 'pin', ...target, ...alice, ...carol])
  })

  test('a wrong PIN of a custodian costs him a try, and the others nothing', async () => {
    writeFileSync(file('wrong'), '999999\n')
    const wrong = ['--custodian', 'emulator:bob.state', '--custodian-pin-file', 'wrong']
    await fails(3, /wrong PIN of ZZEMU\w+: 2 tries left/, ['card', 'sign', 'web', 'pin', ...target, ...wrong])
    const bob = ['--custodian', 'emulator:bob.state']
    await fails(3, /PIN of ZZEMU\w+ is needed.*\nhint: give it with --custodian-pin-file/, [...generate, ...bob])
    const notToken = /0 tokens of custodians\nhint: bob.state is taken for a key file: a token is reader:NAME/
    await fails(2, notToken, [...generate, '--custodian', 'bob.state', '--custodian-pin-file', 'pin'])
    await fails(2, /2 PINs were given for 1 tokens/, [
      'card',
      'sign',
      'web',
      'pin',
      ...target,
      ...wrong,
      ...wrong.slice(2),
    ])
  })

  test('there is no PIN to change or to unblock', async () => {
    const noPin = /^error: this device has no user PIN: its custodians alone open it/
    await fails(1, noPin, ['card', 'pin', 'change', ...target])
    await fails(1, noPin, ['card', 'pin', 'unblock', '--so-pin-file', 'so-pin', ...target])
  })

  test('key files', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
    writeFileSync(file('stranger.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const stranger = (name: string) => ['card', 'sign', 'web', 'pin', ...target, '--custodian', `${name}stranger.pem`]
    await fails(2, /which of the registered keys is in stranger\.pem\?\nhint: --custodian ZZEMU/, stranger(''))
    await fails(3, /not the signature of ZZEMU/, stranger(`${names.bob}=`))
    await fails(4, /no key ZZNOBODY00001 is registered/, stranger('ZZNOBODY00001='))
  })

  test('what is no such file', async () => {
    await fails(1, /not a key for registration/, ['card', 'custodian', 'register', 'alice.pka', 'pin', ...target])
    const two = ['alice.pka', 'bob.pka', '--replace', '0']
    await fails(2, /2 keys cannot be in the place of one/, ['card', 'custodian', 'register', ...two, ...target])
    await fails(1, /this is no challenge/, ['card', 'custodian', 'sign', 'pin', '--emulator', 'alice.state'])
    await fails(1, /this is no answer/, ['card', 'custodian', 'answer', 'pin', ...target])
    await fails(1, /as many keys are registered/, ['card', 'custodian', 'register', 'alice.pka', ...target])
    await fails(1, /public key authentication/, [
      'card',
      'custodian',
      'register',
      'bob.pka',
      '--emulator',
      'alice.state',
    ])
  })
})

/** Not out of a share file: what is in one takes seconds to decipher. */
async function importShare(state: string, share: Uint8Array): Promise<void> {
  await using emulator = await Emulator.open({ store: fileStore(file(state)) })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  await card.keyDomains.importShare(0, share)
}

test('all keys of a device that custodians open, copied to another one that others open', async () => {
  for (const [state, person] of [
    ['from.state', 'alice'],
    ['to.state', 'bob'],
  ] as const) {
    const local = ['--emulator', state]
    const options = ['--custodians', '1', '--required', '1', '--no-pin', '--dkek-shares', '1', '--yes']
    await ok(['card', 'initialize', ...options, '--so-pin-file', 'so-pin', ...local])
    await importShare(state, new Uint8Array(32).fill(7))
    await ok(['card', 'custodian', 'register', `${person}.pka`, ...local])
  }
  const alice = ['--custodian', 'emulator:alice.state', '--custodian-pin-file', 'pin']
  const bob = ['--to-custodian', 'emulator:bob.state', '--to-custodian-pin-file', 'pin']
  await ok(['card', 'generate', '--ec', 'secp256r1', '--label', 'copied', '--emulator', 'from.state', ...alice])
  const clone = ['card', 'clone', 'emulator:from.state', 'emulator:to.state']
  await fails(3, /^error: emulator:to\.state: 1 of 1 keys .*\nhint: --to-custodian/, [...clone, ...alice])
  await ok([...clone, ...alice, ...bob])
  assert.match(await ok(['card', 'list', '--emulator', 'to.state']), /copied/)
})

describe('a device that is connected to a service', () => {
  const apiToken = 'the-token-of-this-test'
  let remote: string[]
  let api: string
  let key: { id: string; publicKey: KeyObject }

  before(async () => {
    writeFileSync(file('token'), `${apiToken}\n`)
    await ok(['emulator', 'root', '--out', 'root.cvc'])
    const local = ['--emulator', 'guarded.state']
    const [{ id }] = JSON.parse(await ok(['card', 'list', '--json', ...local])).keys
    key = { id, publicKey: createPublicKey(await ok(['card', 'public-key', 'web', ...local])) }
    const settings = ['--token-file', 'token', '--trust', 'root.cvc']
    const service = longRunning(['serve', '--listen', '127.0.0.1:0', '--admit', 'genuine', ...settings], folder)
    const ready = await service.event('ready')
    api = ready.api!
    const token = longRunning(['emulator', '--state', 'guarded.state', '--ram', ready.ram!], folder)
    await token.event('connected')
    remote = ['--service', ready.url!, ...settings]
    while ((await devices(ready.url!))[0]?.state !== 'secured') await sleep(20)
  })

  async function devices(url: string): Promise<{ state: string }[]> {
    const response = await fetch(`${url}/api/devices`, { headers: { authorization: `Bearer ${apiToken}` } })
    return (await response.json()) as { state: string }[]
  }

  const custodian = (...args: string[]) => ['card', 'custodian', ...args]
  const sign = (person: string, ...files: string[]) =>
    custodian('sign', ...files, '--emulator', `${person}.state`, '--pin-file', 'pin')
  const ask = (person: string, out: string) => ok(custodian('challenge', names[person]!, '--out', out, ...remote))

  /** What an application gets that wants a signature of the key. */
  async function application(): Promise<number> {
    const headers = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ hash: createHash('sha256').update('document').digest('hex'), algo: 'ECDSA' })
    const response = await fetch(`${api}/keys/${key.id}/signhash`, { method: 'POST', headers, body })
    const answer = (await response.json()) as { signature?: string }
    if (answer.signature !== undefined) {
      assert.ok(verify('sha256', Buffer.from('document'), key.publicKey, Buffer.from(answer.signature, 'hex')))
    }
    return response.status
  }

  test('two of three open it from their places, and applications sign with it, and not before', async () => {
    assert.notEqual(await application(), 200)
    await ask('carol', 'ask')
    assert.match(await ok(sign('carol', 'ask', '--out', 'answer')), /^$/)
    assert.match(
      await ok(custodian('answer', 'answer', ...remote)),
      /authenticated ZZEMU\w+\n2 of 3 .*1 authenticated\n$/,
    )
    await ok(custodian('answer', 'answer', ...remote))
    assert.notEqual(await application(), 200)
    const known = ['--service', remote[1]!, '--token-file', 'token']
    assert.match(await ok(['card', 'devices', ...known]), /secured .*1 of the 2 custodians that it takes/)
    assert.match(await ok(['card', 'status', ...remote]), /Authenticated public keys *: 1/)

    await ask('alice', 'ask')
    await fails(4, /has no key named ZZEMU/, sign('bob', 'ask'))
    await ok(sign('bob', 'ask', '--key', 'bob', '--out', 'wrong-answer'))
    await fails(
      3,
      /not the signature of ZZEMU.*\n.*\nhint: nothing else was spent/,
      custodian('answer', 'wrong-answer', ...remote),
    )
    assert.equal(await ok(custodian('status', ...remote)), '2 of 3 keys open the device; 1 authenticated\n')

    await ask('alice', 'ask')
    await ask('alice', 'ask-again')
    await ok(sign('alice', 'ask', '--out', 'answer'))
    await fails(3, /a challenge is good for one signature/, custodian('answer', 'answer', ...remote))
    await fails(3, /waits for no answer/, custodian('answer', 'answer', ...remote))
    await ask('alice', 'ask')
    await ok(sign('alice', 'ask', '--out', 'answer'))
    await fails(
      1,
      /the answer is for ZZEMU\w+, and this is ZZEMU/,
      custodian('answer', 'answer', '--emulator', 'bob.state'),
    )
    await ok(custodian('answer', 'answer', ...remote))
    while ((await devices(remote[1]!))[0]?.state !== 'ready') await sleep(20)
    assert.equal(await application(), 200)
    assert.match(await ok(custodian('status', ...remote)), /^the device is open/)
    await fails(1, /borrowing it would close it/, custodian('challenge', names.bob!, ...remote))
    assert.equal(await application(), 200)
  })

  test('who reaches the service needs no files: his token is beside him, the device is not', async () => {
    // A command that is not theirs closes the device.
    await ok(['card', 'pin', 'status', ...remote])
    await ok(['card', 'list', ...remote])
    const alone = ['--custodian', 'emulator:alice.state', '--custodian-pin-file', 'pin']
    const words = await ok(custodian('authenticate', ...alone, ...remote))
    assert.match(words, /1 authenticated/)
    // What alice has shown stays.
    const other = ['--custodian', 'emulator:bob.state', '--custodian-pin-file', 'pin']
    assert.match(await ok(['card', 'sign', 'web', 'pin', ...other, ...remote]), /^30/)
  })
})
