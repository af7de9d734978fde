/** Tokens that are killed while keys are made on them: every key that was acknowledged outlives either of them. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, createPublicKey, randomInt, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Client, createClient, fetchTransport, type Key } from '@keytether/api'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import type { Service } from '@keytether/server'
import { until } from '@keytether/test/group-bench'
import { apiToken, Bench } from '@keytether/test/service-bench'

const rounds = 100
const pin = '648219'
const patienceMs = 60_000
const program = fileURLToPath(new URL('../support/token-process.ts', import.meta.url))
const message = Buffer.from('Hello')

class Token {
  /** Certified path with dots. */
  readonly path: string
  readonly #file: string
  #process: ChildProcess | undefined
  /** Loaded, and waiting to take its place. */
  #next: ChildProcess | undefined

  private constructor(file: string, path: string) {
    this.#file = file
    this.path = path
  }

  static async make(file: string): Promise<Token> {
    const emulator = await Emulator.open({ store: fileStore(file) })
    const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
    await card.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from(pin), dkekShares: 1 })
    await card.keyDomains.importShare(0, new Uint8Array(32).fill(7))
    await emulator.close()
    return new Token(file, card.identity.path.replaceAll('/', '.'))
  }

  start({ url }: Service): void {
    this.#process = this.#next ?? this.#spawn(url)
    this.#process.stdin!.write('begin\n')
    this.#next = this.#spawn(url)
  }

  #spawn(url: string): ChildProcess {
    // Loaded a hundred times, compiled once.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'keytether-durable-cache') }
    const args = [program, this.#file, `${url}/rt/hsm`, pin]
    return spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'ignore'] })
  }

  async kill(): Promise<void> {
    const ended = once(this.#process!, 'exit')
    this.#process!.kill('SIGKILL')
    await ended
  }

  async end(): Promise<void> {
    this.#next?.kill('SIGKILL')
    if (this.#process?.exitCode === null) await this.kill()
  }

  isReady({ hsm }: Service): boolean {
    return hsm.devices.hsms().some(({ id }) => id === this.path)
  }
}

test(`tokens killed at ${rounds} moments of making keys of durability 2`, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'keytether-durable-'))
  const tokens = [await Token.make(join(folder, 'a.state')), await Token.make(join(folder, 'b.state'))] as const
  const database = `sqlite:${join(folder, 'keytether.db')}`
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] }, database })
  const { service } = bench
  t.after(async () => {
    for (const token of tokens) await token.end()
    await rm(folder, { recursive: true })
  })
  const client = createClient({ send: fetchTransport(service.url, apiToken), strict: true })
  for (const token of tokens) token.start(service)
  await until(() => tokens.every(token => token.isReady(service)), patienceMs)
  await client.createGroup({ body: { name: 'pair' } })
  for (const { path } of tokens) {
    await client.joinGroup({ params: { device: path, group: 'pair' }, body: {} })
  }

  const began = performance.now()
  for (let n = 0; n < 3; n++) await make(client, `first-${n}`)
  const usualMs = (performance.now() - began) / 3

  const acknowledged: Key[] = []
  let during = 0
  for (let round = 1; round <= rounds; round++) {
    const victim = tokens[randomInt(2)]!
    let done = false
    const making = make(client, `key-${round}`).finally(() => {
      done = true
    })
    making.catch(() => {})
    await new Promise(resolve => setTimeout(resolve, Math.random() * usualMs * 1.2))
    if (!done) during++
    await victim.kill()
    victim.start(service)
    acknowledged.push(await making)
    await until(() => tokens.every(token => token.isReady(service)), patienceMs)
  }
  t.diagnostic(
    `${rounds} kills, ${during} of them while the key was made, which takes ${usualMs.toFixed(0)} ms undisturbed`,
  )
  t.diagnostic(`${acknowledged.length} keys acknowledged, each after at most two tokens held it`)
  assert.ok(during > rounds / 4, `only ${during} kills came in time: the test says nothing`)

  // Nothing half-made remains: both hold just what was acknowledged.
  const keys = [
    ...acknowledged,
    ...(await Promise.all([0, 1, 2].map(n => client.getKey({ params: { key: `first-${n}` } })))),
  ]
  const wanted = keys.map(({ versions }) => versions[0]!.cardKeyId).toSorted()
  for (const { path } of tokens) {
    await until(async () => {
      const inventory = await service.devices.hsm(path).run(card => card.inventory(), new AbortController().signal)
      const held = inventory.keys.map(({ id }) => Buffer.from(id).toString('hex').toUpperCase())
      return JSON.stringify(held.toSorted()) === JSON.stringify(wanted)
    })
  }

  let signatures = 0
  for (const [lost, left] of [tokens, tokens.toReversed()] as [Token, Token][]) {
    await lost.kill()
    await until(() => !lost.isReady(service))
    for (const key of keys) {
      await signs(service, left, key)
      signatures++
    }
    lost.start(service)
    await until(() => lost.isReady(service))
  }
  t.diagnostic(`${signatures} signatures verified, of every key by each token alone`)
})

function make(client: Client, name: string): Promise<Key> {
  return client.createKey({ body: { name, group: 'pair', kind: 'EC', curve: 'secp256r1', durability: 2 } })
}

async function signs({ hsm }: Service, { path }: Token, key: Key): Promise<void> {
  const { id, publicKey } = { id: key.versions[0]!.cardKeyId, publicKey: key.versions[0]!.publicKey! }
  const instance = hsm.devices.hsm(path).keys.find(each => each.id === id)
  assert.ok(instance, `${key.name} on ${path}`)
  const hash = createHash('sha256').update(message).digest()
  const signal = new AbortController().signal
  const signature = await hsm.devices.hsm(path).run(card => card.signHash(instance.info, 'ECDSA', hash), signal)
  assert.ok(verify('sha256', message, createPublicKey(publicKey), signature), key.name)
}
