/** The emulated card as a channel: one command after the other, and nothing is answered that is not stored. */
import { type Channel, ChannelError } from '@keytether/card'
import { DecodeError, decode, encode, fromHex } from '@keytether/codec'
import { type Card, keepsSessionPin, newSession } from './card.ts'
import { EmulatorError } from './errors.ts'
import { type Executed, execute } from './execute.ts'
import { kindOf, type Latency } from './latency.ts'
import { type CardState, freshState, StateFormat } from './state.ts'
import type { Store } from './store/store.ts'

export interface EmulatorOptions {
  /** A fresh store becomes a card that is not initialised, with an identity of its own. Closed with the emulator. */
  readonly store: Store
  /** Without it, answers come as soon as they are there. */
  readonly latency?: Latency | undefined
}

/** A token with a JCOP 3 chip: this one all programs for the card know. */
const atr = fromHex('3BDE96FF8191FE1FC38031815448534D3173802140810792')

/**
 * A SmartCard-HSM in software, with the access rules of the real one, and with room for APDUs of any length, where a chip
 * ends at some 1,200 bytes. It protects keys as well as the process and its files are protected: for tests and
 * demonstrations.
 */
export class Emulator implements Channel {
  readonly #store: Store
  readonly #latency: Latency
  readonly #card: Card
  #last: Promise<unknown> = Promise.resolve()
  #saving: Promise<void> = Promise.resolve()
  /** Why there are no more answers. */
  #ended: ChannelError | undefined
  /** Rejects what is waited for when it is to end before. */
  readonly #outstanding = new Set<(reason: ChannelError) => void>()
  #wake: (() => void) | undefined

  private constructor(store: Store, latency: Latency, state: CardState) {
    this.#store = store
    this.#latency = latency
    this.#card = { state, session: newSession(false) }
  }

  /** @throws EmulatorError if what the store has is no state, or the store's own error */
  static async open({ store, latency = () => 0 }: EmulatorOptions): Promise<Emulator> {
    const stored = await store.load()
    try {
      if (stored) return new Emulator(store, latency, decode(StateFormat, stored))
      const state = freshState()
      await store.save(encode(StateFormat, state))
      return new Emulator(store, latency, state)
    } catch (error) {
      await store.close()
      if (!(error instanceof DecodeError)) throw error
      throw new EmulatorError('DAMAGED', `${store.name}: the state is not one that this program knows`, {
        cause: error,
      })
    }
  }

  get atr(): Uint8Array {
    return atr.slice()
  }

  transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    return this.#alone(async () => {
      const responses: Uint8Array[] = []
      for (const command of commands) responses.push(await this.#answer(command))
      return responses
    })
  }

  reset(): Promise<Uint8Array> {
    return this.#alone(async () => {
      this.#card.session = newSession(false)
      if (!keepsSessionPin(this.#card)) this.#card.sessionPin = undefined
      return this.atr
    })
  }

  /** What is not answered yet is not answered any more; what it has changed by now may be stored or not. */
  async close(reason = 'the emulated card was closed'): Promise<void> {
    this.#end(new ChannelError('CLOSED', reason))
    await this.#saving.catch(() => {})
    await this.#store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #end(error: ChannelError): void {
    this.#ended ??= error
    for (const reject of this.#outstanding) reject(this.#ended)
    this.#outstanding.clear()
    this.#wake?.()
  }

  /** Runs `work` when all earlier work has ended. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#outstanding.add(reject)
    const run = async () => {
      try {
        this.#checkOpen()
        resolve(await work())
      } catch (error) {
        reject(error)
      } finally {
        this.#outstanding.delete(reject)
      }
    }
    this.#last = this.#last.then(run)
    return promise
  }

  #checkOpen(): void {
    if (this.#ended) throw this.#ended
  }

  async #answer(command: Uint8Array): Promise<Uint8Array> {
    const started = performance.now()
    const before = this.#card.state
    const executed = await execute(this.#card, command)
    this.#checkOpen()
    if (this.#card.state !== before) await this.#save()
    this.#checkOpen()
    const rest = this.#latency(this.#workOf(executed)) - (performance.now() - started)
    if (rest > 0) await this.#sleep(rest)
    this.#checkOpen()
    return executed.response
  }

  async #save(): Promise<void> {
    this.#saving = this.#store.save(encode(StateFormat, this.#card.state))
    try {
      await this.#saving
    } catch (cause) {
      // To go on would be to give a wrong PIN its try back.
      this.#end(new ChannelError('TRANSPORT', `the state of the emulated card cannot be stored: ${cause}`, { cause }))
    }
  }

  #workOf({ command, p1, succeeded }: Executed) {
    const kind = kindOf(command, succeeded)
    const key = p1 === undefined ? undefined : this.#card.state.keys.get(p1)?.privateKey
    return {
      kind,
      key: key && { kind: key.kind, bits: key.kind === 'ec' ? key.curve.bits : key.bits },
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
