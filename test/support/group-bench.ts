/** Emulated tokens in memory that come and go, and a domain that has them in a group. */
import assert from 'node:assert/strict'
import { type Channel, ChannelError } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, type Latency, memoryStore } from '@keytether/emulator'
import { type Caller, type DeviceSession, type Hsm, openHsm } from '@keytether/hsm'

const login = { credential: 'test', address: '127.0.0.1' }
const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')
/** Of the key domain that tokens have unless they are to have another. */
export const shares = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

/** Initialises a card with a key domain. @returns its certified path with dots */
export async function prepareCard(channel: Channel, keyShares: readonly Uint8Array[] = shares): Promise<string> {
  const card = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
  await card.initialize({ soPin, userPin: pin, dkekShares: keyShares.length })
  for (const share of keyShares) await card.keyDomains.importShare(0, share)
  return card.identity.path.replaceAll('/', '.')
}

/** Where the way to a token ends: before or after the command that is the n-th from now. */
export interface Cut {
  readonly after: number
  readonly answered?: boolean
}

export class BenchToken {
  readonly emulator: Emulator
  /** Certified path with dots. */
  readonly path: string
  /** How many commands it has got. */
  commands = 0
  #cut: Cut | undefined
  #way: { open: boolean } = { open: false }

  private constructor(emulator: Emulator, path: string) {
    this.emulator = emulator
    this.path = path
  }

  static async make(keyShares: readonly Uint8Array[] = shares, latency?: Latency): Promise<BenchToken> {
    const emulator = await Emulator.open({ store: memoryStore(), ...(latency && { latency }) })
    return new BenchToken(emulator, await prepareCard(emulator, keyShares))
  }

  /** Beside the service, logged in. */
  async card(): Promise<SmartCardHsm> {
    const card = await SmartCardHsm.open(this.emulator, { roots: [emulatorRoot], maximumApdu: 65_000 })
    await card.verifyPin(pin)
    return card
  }

  /** A way to it on which the user is logged in, instead of the former one. */
  async plug(cut?: Cut): Promise<Channel> {
    await this.card()
    this.#way.open = false
    const way = { open: true }
    this.#way = way
    this.#cut = cut && { ...cut, after: this.commands + cut.after }
    const lost = () => new ChannelError('REMOVED', 'pulled')
    return {
      atr: this.emulator.atr,
      transmit: async commands => {
        const answers: Uint8Array[] = []
        for (const command of commands) {
          if (!way.open) throw lost()
          const last = this.#cut !== undefined && this.commands >= this.#cut.after
          if (last) way.open = false
          if (last && !this.#cut?.answered) throw lost()
          this.commands++
          answers.push(...(await this.emulator.transmit([command])))
        }
        if (!way.open) throw lost()
        return answers
      },
      reset: () => this.emulator.reset(),
      async close() {
        way.open = false
      },
    }
  }

  /** The way to it is gone. */
  pull(): void {
    this.#way.open = false
  }
}

/** Who may do everything in the tenant that the tokens are of. */
export class GroupBench implements AsyncDisposable {
  readonly hsm: Hsm
  readonly #sessions = new Map<BenchToken, DeviceSession>()
  #caller: Caller | undefined

  private constructor(hsm: Hsm) {
    this.hsm = hsm
  }

  static async open(database = 'sqlite::memory:'): Promise<GroupBench> {
    return new GroupBench(await openHsm({ devices: { roots: [emulatorRoot] }, database }))
  }

  get caller(): Caller {
    assert.ok(this.#caller, 'no token was there yet')
    return this.#caller
  }

  /** Connects a token, and waits until it is ready or given up. */
  async plug(token: BenchToken, cut?: Cut): Promise<DeviceSession> {
    const session = this.hsm.devices.attach(await token.plug(cut))
    this.#sessions.set(token, session)
    await until(() => session.state === 'ready' || session.state === 'offline')
    this.#caller ??= await this.#administrator()
    return session
  }

  /** Connects tokens and puts them into a group of this name, which is made if there is none. */
  async join(name: string, ...tokens: BenchToken[]): Promise<void> {
    const { groups } = this.hsm
    for (const token of tokens) {
      await this.plug(token)
      const there = (await groups.list(this.caller)).some(group => group.name === name)
      if (!there) await groups.create(this.caller, { name })
      await groups.join(this.caller, token.path, name)
    }
  }

  pull(token: BenchToken): void {
    token.pull()
    this.#sessions.get(token)?.close('pulled')
  }

  async #administrator(): Promise<Caller> {
    const { id } = await this.hsm.store.db
      .selectFrom('tenants')
      .select('id')
      .where('name', '=', 'main')
      .executeTakeFirstOrThrow()
    return { principal: 'prn_test', name: 'test', tenant: id, roles: ['administrator', 'manager'], tags: [], login }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hsm.devices.close('the test is over')
    await this.hsm[Symbol.asyncDispose]()
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    assert.ok(performance.now() < end, `not within ${withinMs} ms`)
    await new Promise(done => setTimeout(done, 10))
  }
}
