/**
 * A group of tokens under load, while its members, their agents and the service itself are killed: what clients notice of it.
 * Every token that is killed, every agent and the service are processes of their own.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ApiError, type Client, ConnectionLost, createClient, fetchTransport, type GroupStatus } from '@keytether/api'
import { Emulator, fileStore, memoryStore, parseLatency } from '@keytether/emulator'
import { prepareCard } from './group-bench.ts'
import { main } from './keytether.ts'
import { serveCards } from './remote-card.ts'

export interface LoadOptions {
  readonly seconds: number
  readonly clients: number
  /** How long each signature takes a token, in milliseconds. */
  readonly signMs: number
  /** Twice, and started again on its database; clients that lose their connection ask again. */
  readonly killService: boolean
  /** What is done, when it is done. */
  readonly tell?: (line: string) => void
}

export interface LoadFigures {
  /** Of each request that was answered, in milliseconds, in ascending order. */
  readonly times: readonly number[]
  /** Answers that were none; where the service was killed, those that were so in the end. */
  readonly failures: readonly string[]
  /** Signatures that do not verify. */
  readonly wrong: number
  /** Keys that were acknowledged. */
  readonly keys: number
  /** From the fresh token's start to where it has every key, and signs. */
  readonly healedMs: number
  readonly end: GroupStatus
}

const processFile = fileURLToPath(new URL('load-process.ts', import.meta.url))
const apiToken = 'the-token-of-this-load'
const group = 'web'
/** The key that signs all the time. */
const loaded = 'under-load'

export async function groupUnderLoad(options: LoadOptions): Promise<LoadFigures> {
  const { seconds, clients, killService, tell = () => {} } = options
  await using bench = await LoadBench.start(options)
  const [first, second, third] = await bench.group()
  const { client } = bench
  const key = await client.createKey({
    body: { name: loaded, group, kind: 'EC', curve: 'secp256r1', durability: 3 },
  })
  const load = new Load(client, createPublicKey(key.versions[0]!.publicKey!), killService)
  const started = performance.now()
  const at = async (share: number, what: string, act: () => unknown) => {
    await sleep(Math.max(0, started + share * seconds * 1000 - performance.now()))
    tell(`${((performance.now() - started) / 1000).toFixed(1)} s: ${what}`)
    await act()
  }
  const before = bench.refused.length
  const running = Array.from({ length: clients }, () => load.sign())
  if (killService) running.push(load.makeKeys())
  try {
    // One after the other: what is to be lost next is not all that there is.
    const restart = async () => {
      await bench.restartService()
      for (const token of [first, second, third]) await bench.joined(token.path, [loaded])
    }
    const back = async (token: LoadToken) => {
      token.start()
      await bench.joined(token.path, [loaded])
    }
    await at(0.1, 'a token is killed', () => first.kill())
    await at(0.25, 'it is started again', () => back(first))
    if (killService) await at(0.3, 'the service is killed, and started again', restart)
    await at(0.4, 'an agent is killed', () => second.kill())
    await at(0.45, 'it is started again', () => back(second))
    if (killService) await at(0.55, 'the service is killed, and started again', restart)
    await at(0.65, 'a token is taken away for good', () => third.kill())
    let healedMs = 0
    await at(0.7, 'a fresh one is put in', async () => {
      const fresh = await bench.token()
      const from = performance.now()
      fresh.start()
      await bench.joined(fresh.path)
      healedMs = performance.now() - from
    })
    tell(`the fresh one was healed and ready after ${(healedMs / 1000).toFixed(1)} s`)
    await at(1, 'enough', () => load.stop())
    await Promise.all(running)
    await load.checkKeys()
    const { times, failures, wrong, keys } = load
    const end = await client.getGroup({ params: { group } })
    const all = killService ? failures : [...failures, ...bench.refused.slice(before)]
    return { times: times.toSorted((a, b) => a - b), failures: all, wrong, keys: keys.length, healedMs, end }
  } finally {
    load.stop()
    await Promise.allSettled(running)
  }
}

/** The share of the times below which this share of them is. */
export function percentile(times: readonly number[], share: number): number {
  return times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0
}

class Load {
  readonly times: number[] = []
  readonly failures: string[] = []
  readonly keys: string[] = []
  wrong = 0
  readonly #client: Client
  readonly #publicKey: KeyObject
  readonly #mayLose: boolean
  #stopped = false

  constructor(client: Client, publicKey: KeyObject, mayLose: boolean) {
    this.#client = client
    this.#publicKey = publicKey
    this.#mayLose = mayLose
  }

  stop(): void {
    this.#stopped = true
  }

  /** One signature after the other, each of them verified. */
  async sign(): Promise<void> {
    while (!this.#stopped) {
      const message = randomBytes(32)
      const from = performance.now()
      const answer = await this.#ask(() =>
        this.#client.sign({ params: { key: loaded }, body: { message: message.toString('base64') } }),
      )
      if (answer === undefined) continue
      this.times.push(performance.now() - from)
      if (!verify('sha256', message, this.#publicKey, Buffer.from(answer.signature, 'base64'))) this.wrong++
    }
  }

  /** One key after the other, each of which is there from when it was acknowledged. */
  async makeKeys(): Promise<void> {
    while (!this.#stopped) {
      const name = `made-${this.keys.length}-${randomBytes(4).toString('hex')}`
      const body = { name, group, kind: 'EC', curve: 'secp256r1', durability: 2 } as const
      const made = this.#client.createKey.bind(this.#client, { body })
      // Nobody else makes a key of this name: it was made, and the answer lost.
      const told = () => made().catch(error => (error.code === 'EXISTS' ? true : Promise.reject(error)))
      if (await this.#ask<unknown>(told)) this.keys.push(name)
      await sleep(1_000)
    }
  }

  async checkKeys(): Promise<void> {
    for (const name of this.keys) {
      const { versions } = await this.#client.getKey({ params: { key: name } })
      const message = randomBytes(32)
      const body = { message: message.toString('base64') }
      const { signature } = await this.#client.sign({ params: { key: name }, body })
      const publicKey = createPublicKey(versions[0]!.publicKey!)
      assert.ok(verify('sha256', message, publicKey, Buffer.from(signature, 'base64')), name)
    }
  }

  /** Who may lose his connection asks again, also while the tokens are on their way back, for as long as it takes. */
  async #ask<T>(request: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await request()
      } catch (error) {
        if (this.#mayLose && mayPass(error)) {
          if (this.#stopped) return undefined
          continue
        }
        this.failures.push(String(error))
        await sleep(100)
        return undefined
      }
    }
  }
}

function mayPass(error: unknown): boolean {
  const passing = ['NO_DEVICE', 'BUSY', 'TIMEOUT', 'NOT_DURABLE']
  return error instanceof ConnectionLost || (error instanceof ApiError && passing.includes(error.code))
}

interface LoadToken {
  readonly path: string
  start(): void
  kill(): Promise<void>
}

class LoadBench implements AsyncDisposable {
  /** Asks again what can be asked again. */
  readonly client: Client
  /** Every answer that was none, also where the client has asked again. */
  readonly refused: string[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'keytether-load-'))
  readonly #port: number
  readonly #latency: string
  readonly #children = new Set<ChildProcess>()
  #service: ChildProcess | undefined
  #count = 0

  private constructor(port: number, { signMs }: LoadOptions) {
    this.#port = port
    this.#latency = `sign=${signMs}`
    const send = fetchTransport(this.#url, apiToken)
    this.client = createClient({
      send: async request => {
        const answer = await send(request)
        if (answer.status >= 400 && request.path.endsWith('/sign'))
          this.refused.push(`${request.method} ${request.path}: ${answer.status}`)
        return answer
      },
    })
  }

  static async start(options: LoadOptions): Promise<LoadBench> {
    const bench = new LoadBench(await freePort(), options)
    await bench.#startService()
    return bench
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Three tokens in a group: the agent of the second one can be killed without it. */
  async group(): Promise<[LoadToken, LoadToken, LoadToken]> {
    await this.client.createGroup({ body: { name: group } })
    const tokens: [LoadToken, LoadToken, LoadToken] = [
      await this.token(),
      await this.#remoteToken(),
      await this.token(),
    ]
    for (const token of tokens) {
      token.start()
      await this.joined(token.path)
    }
    return tokens
  }

  /** A token that is a process. */
  async token(): Promise<LoadToken> {
    const state = join(this.#folder, `token-${++this.#count}.state`)
    const emulator = await Emulator.open({ store: fileStore(state) })
    const path = await prepareCard(emulator)
    await emulator.close()
    const args = [
      'emulator',
      '--state',
      state,
      '--ram',
      `${this.#url}/rt/hsm`,
      '--pin-env',
      'PIN',
      '--latency',
      this.#latency,
    ]
    return this.#killable(path, () => this.#fork(main, args, { PIN: '648219' }))
  }

  /** A token of this process, with an agent that is one. */
  async #remoteToken(): Promise<LoadToken> {
    const emulator = await Emulator.open({ store: memoryStore(), latency: parseLatency(this.#latency) })
    const path = await prepareCard(emulator)
    return this.#killable(path, () => {
      const child = this.#fork(processFile, ['agent', `${this.#url}/rt/hsm`])
      serveCards(child, [emulator])
      return child
    })
  }

  /** Ready in the group, with these keys of it; default those that there are now. */
  async joined(path: string, names?: readonly string[]): Promise<void> {
    const device = path.slice(path.lastIndexOf('.') + 1)
    const wanted = names ?? (await this.client.getGroup({ params: { group } })).keys.map(({ key }) => key)
    await this.#until(async () => {
      const { state } = await this.client.getDevice({ params: { device } })
      if (state !== 'ready') throw new Error(`${device} is ${state}`)
      await this.client.joinGroup({ params: { group, device }, body: {} })
      const { members, keys } = await this.client.getGroup({ params: { group } })
      const holds = ({ instances }: GroupStatus['keys'][number]) =>
        instances.some(each => each.device === device && each.state === 'verified')
      const missing = keys.filter(one => wanted.includes(one.key) && !holds(one))
      if (missing.length > 0) throw new Error(`${device} misses ${JSON.stringify(missing.map(({ reason }) => reason))}`)
      return members.some(each => each.path === path && each.operational)
    })
  }

  async restartService(): Promise<void> {
    await kill(this.#service!)
    await this.#startService()
  }

  async #startService(): Promise<void> {
    const database = `sqlite:${join(this.#folder, 'keytether.db')}`
    const settings = JSON.stringify({ port: this.#port, token: apiToken, database })
    this.#service = this.#fork(processFile, ['service', settings])
    await once(this.#service, 'message')
  }

  #fork(file: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const child = fork(file, [...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
      serialization: 'advanced',
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  #killable(path: string, begin: () => ChildProcess): LoadToken {
    let child: ChildProcess | undefined
    return {
      path,
      start() {
        child = begin()
      },
      kill: () => kill(child!),
    }
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000
    let reason: unknown
    const noted = (error: unknown) => {
      reason = error
      return false
    }
    while (!(await holds().catch(noted))) {
      assert.ok(performance.now() < end, `not within a minute: ${reason}`)
      await sleep(50)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await kill(child)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
