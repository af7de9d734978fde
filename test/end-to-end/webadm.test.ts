/**
 * What WebADM does with its HSMs, as its guide has it: two tokens with one key domain, an AES-256 key with CBC and WRAP on both,
 * secrets encrypted on whichever is there, and a new key in place of the old one while all that was encrypted stays readable.
 */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'
import { killAll, type LongRunning, longRunning } from '@keytether/test/long-running'
import { apiToken, Bench } from '@keytether/test/service-bench'

const folder = mkdtempSync(join(tmpdir(), 'keytether-webadm-'))
const file = (name: string) => join(folder, name)
const share = randomBytes(32)
const names = ['one', 'two'] as const
const paths = new Map<string, string>()
const tokens = new Map<string, LongRunning>()
let bench: Bench

before(async () => {
  writeFileSync(file('pin'), '648219\n')
  for (const name of names) {
    const emulator = await Emulator.open({ store: fileStore(file(name)) })
    const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
    await card.initialize({
      soPin: Buffer.from('57621880'),
      userPin: Buffer.from('648219'),
      dkekShares: 1,
      label: name,
    })
    await card.keyDomains.importShare(0, share)
    paths.set(name, card.identity.path.replaceAll('/', '.'))
    await emulator.close()
  }
  bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
})
after(async () => {
  await bench[Symbol.asyncDispose]()
  killAll()
  rmSync(folder, { recursive: true, force: true })
})

function ask(command: string, more: readonly string[]) {
  const env = { KEYTETHER_URL: bench.service.url, KEYTETHER_TOKEN: apiToken }
  return keytether([...command.split(' '), ...more], { cwd: folder, env })
}

async function run(command: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await ask(command, more)
  assert.equal(code, 0, `${command}: ${stderr}`)
  return stdout
}

async function refused(command: string): Promise<string> {
  const { code, stderr } = await ask(command, [])
  assert.equal(code, 1, stderr)
  return stderr
}

async function becomes(name: string, state: 'ready' | 'offline'): Promise<void> {
  const { devices } = bench.service
  const now = () => devices.known().find(({ id }) => id === paths.get(name))?.state
  while (now() !== state) await once(devices.events, 'change')
}

async function plugIn(name: string): Promise<void> {
  const url = `${bench.service.url}/rt/hsm`
  tokens.set(name, longRunning(['emulator', '--state', file(name), '--ram', url, '--pin-file', file('pin')], folder))
  await becomes(name, 'ready')
}

async function pull(name: string): Promise<void> {
  await tokens.get(name)!.end('SIGKILL')
  await becomes(name, 'offline')
}

const dataKeysOf = async (key: string) => {
  const { items } = JSON.parse(await run(`data-keys ${key} --json`))
  return items.map(({ dataKeys }: { dataKeys: number }) => dataKeys)
}

test('the whole of it', { timeout: 240_000 }, async () => {
  // An AES key that can leave the token under its key domain: by command line, and on both tokens.
  const algorithms = ['--algorithm', 'aes-cbc-encrypt', 'aes-cbc-decrypt', 'wrap']
  await run('card generate --aes 256 --label webadm --emulator one --pin-file pin', ...algorithms)
  await run('card generate --rsa 2048 --label certificates --emulator one --pin-file pin')
  await run('card clone emulator:one emulator:two --pin-file pin --to-pin-file pin')

  // Both dial in, and the keys that they share get names.
  for (const name of names) await plugIn(name)
  await run('group create hsm')
  for (const name of names) await run(`group move ${paths.get(name)} hsm`)
  const unmanaged = JSON.parse(await run('group unmanaged hsm --json'))
  const idOf = (label: string) => unmanaged.find((one: { label: string }) => one.label === label).id
  await run(`key adopt old ${idOf('webadm')} --group hsm`)
  await run(`key adopt ca ${idOf('certificates')} --group hsm`)

  // The page with all devices and keys.
  assert.match(await run('test-hsm hsm'), /Result : passed .*\n(.*\n)*ca v1 +yes +2 tokens\nold v1 +yes +2 tokens\n$/)

  // Encrypted on one, decrypted on the other: either may be away.
  const secret = randomBytes(200_000)
  writeFileSync(file('secret'), secret)
  await pull('two')
  await run('encrypt secret --key old --associated-data user-1 --reference', 'token of user 1', '--out', 'secret.enc')
  await plugIn('two')
  await pull('one')
  const decrypted = async (...keys: string[]) => {
    await run('decrypt secret.enc --associated-data user-1 --out secret.dec --key', ...keys)
    return readFileSync(file('secret.dec'))
  }
  assert.deepEqual(await decrypted('old'), secret)
  const wrong = await refused('decrypt secret.enc --associated-data user-2 --key old --out x')
  assert.match(wrong, /nothing of it is to be trusted/)
  await plugIn('one')

  // A new key: all decrypt, the first encrypts.
  await run('key create new --group hsm --aes 256 --algorithm aes-cbc-encrypt aes-cbc-decrypt')
  assert.deepEqual(await decrypted('new', 'old'), secret)
  assert.deepEqual(await dataKeysOf('old'), [1])
  assert.match(await run('data-keys old --of 1'), /token of user 1/)
  assert.match(await refused('key destroy old'), /1 data keys hang on it, .*rewrap that first, or say force/)
  const before = readFileSync(file('secret.enc'))
  await pull('two')
  assert.match(await run('rewrap secret.enc --key new old'), /Was under : old, version 1\nIs under {2}: new, version 1/)
  const rewrapped = readFileSync(file('secret.enc'))
  assert.deepEqual(rewrapped.subarray(-200_000), before.subarray(-200_000))
  assert.deepEqual([await dataKeysOf('old'), await dataKeysOf('new')], [[0], [1]])
  await plugIn('two')

  // Nothing needs the old key any more.
  assert.match(await run('key destroy old --restorable 0 --yes'), /old, version 1: erased/)
  await pull('one')
  assert.deepEqual(await decrypted('new'), secret)
  await plugIn('one')

  // And the RSA key for certificates, and what else a key of a service does.
  await run('sign secret --key ca --algorithm RSA_PSS_SHA256 --format raw --out signature')
  const options = { padding: 6, saltLength: 32 }
  const key = createPublicKey(await run('key public-key ca'))
  assert.ok(verify('sha256', secret, { key, ...options }, readFileSync(file('signature'))))
  const digest = createHash('sha256').update(secret).digest('hex')
  assert.match(
    await run(`verify --digest ${digest} --key ca --algorithm RSA_PSS_SHA256 --signature signature`),
    /The signature is good/,
  )
  assert.match(await run('sign secret --key ca --algorithm RS256'), /^[A-Za-z0-9_-]{342}\n$/)
  assert.match(await run('random 16 --group hsm'), /^[0-9a-f]{32}\n$/)
})
