/** Commands to one card: in batches, in the clear or through secure messaging, the next one on its way before the last is answered. */
import {
  type Channel,
  ChannelError,
  type Command,
  decodeCommand,
  type Outcome,
  type RequestOptions,
  type SecureMessaging,
  type StatusMap,
  UnexpectedStatusError,
} from '@keytether/card'
import { concat, DecodeError } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { Turns } from './turns.ts'

/** A command that is ready to be sent, and how to read what comes back. */
export interface Call<T> {
  readonly apdu: Uint8Array
  /** Response bytes to reckon with, where they are far fewer than the command allows. */
  readonly most?: number | undefined
  answer(response: Uint8Array): T
}

/** What each call of a list answers. */
export type Answers<C extends readonly Call<unknown>[]> = {
  -readonly [K in keyof C]: C[K] extends Call<infer T> ? T : never
}

export function call<P, D, R, S extends StatusMap>(
  command: Command<P, D, R, S>,
  params: P,
  data: D,
  { most, ...options }: RequestOptions & { readonly most?: number } = {},
): Call<Outcome<R, S>> {
  return {
    apdu: command.encodeRequest(params, data, options),
    most,
    answer: response => command.decodeResponse(response),
  }
}

/** The call whose answer, if it is none that the command knows, is the error that says so. */
export function attempt<T>({ apdu, most, answer }: Call<T>): Call<T | Error> {
  return {
    apdu,
    most,
    answer: response => {
      try {
        return answer(response)
      } catch (error) {
        if (error instanceof UnexpectedStatusError || error instanceof DecodeError) return error
        throw error
      }
    },
  }
}

/**
 * What one transmission may hold, so that RAMOverHTTP can carry it: its templates end at 65,535 bytes and some clients
 * count the commands in a single byte.
 */
const maximumBatch = { commands: 120, bytes: 64_000 }
/** Tag and length of an APDU in a template. */
const framing = 4

/** What went to the card and came back, before secure messaging and after it: it may hold secrets. */
export interface Exchange {
  readonly commands: readonly Uint8Array[]
  /** One for each command; undefined if none came. */
  readonly responses: readonly Uint8Array[] | undefined
  /** Whether they were protected on their way. */
  readonly secure: boolean
  /** Milliseconds, as `performance.now` has them. */
  readonly startedAt: number
  readonly endedAt: number
}

/** Told of every exchange, where it was asked for. */
export type Watch = (exchange: Exchange) => void

interface Secure {
  readonly kind: 'secure'
  readonly messaging: SecureMessaging
}

type State = { readonly kind: 'plain' } | Secure | { readonly kind: 'lost'; readonly reason: string }

/** What was sent protected, and has not been read. */
interface Sent {
  responses: Uint8Array[] | undefined
  resolve(responses: Uint8Array[]): void
  reject(error: unknown): void
}

/**
 * The way to one card. Whoever shares it runs what asks the card and acts on the answer `alone`; what is complete in itself,
 * like a signature, may be `overlapping`.
 */
export class Link {
  readonly #channel: Channel
  readonly #maximumApdu: number
  readonly #watch: Watch | undefined
  #state: State = { kind: 'plain' }
  readonly #turns = new Turns()
  /** In the order in which it was sent: so it is answered, and the answers are counted. */
  #sent: Sent[] = []

  constructor(channel: Channel, maximumApdu: number, watch?: Watch) {
    this.#channel = channel
    this.#maximumApdu = maximumApdu
    this.#watch = watch
  }

  get secure(): boolean {
    return this.#state.kind === 'secure'
  }

  /** Bytes of data that a command can carry. */
  get maximumData(): number {
    // Header and extended lengths; or padding to whole blocks, the objects around it, and the MAC.
    return this.secure ? blocks(this.#maximumApdu - 28) - 1 : this.#maximumApdu - 9
  }

  /** Bytes of data that an answer can carry. */
  get maximumAnswer(): number {
    return this.secure ? blocks(this.#maximumApdu - 20) - 1 : this.#maximumApdu - 2
  }

  /** Bytes of data that the answer to a short command can carry. */
  get maximumShortAnswer(): number {
    return this.secure ? blocks(0x100 - 18) - 1 : 0x100
  }

  /**
   * Sends the calls in order, in as few transmissions as they fit into, and reads all answers.
   *
   * @throws DriverError `SECURE_CHANNEL` if secure messaging broke, now or before: it never falls back to the clear;
   *   RangeError if a command carries more than card and channel take, and nothing is then sent
   */
  async run<const C extends readonly Call<unknown>[]>(calls: C): Promise<Answers<C>> {
    for (const { apdu } of calls) {
      const { length } = decodeCommand(apdu).data
      if (length > this.maximumData) {
        throw new RangeError(`a command carries at most ${this.maximumData} bytes to this card, got ${length}`)
      }
    }
    const responses: Uint8Array[] = []
    for (const batch of batches(calls, this.#maximumApdu))
      responses.push(...(await this.#watched(batch, () => this.#transmit(batch))))
    return calls.map((each, index) => each.answer(responses[index]!)) as Answers<C>
  }

  /**
   * Sends the calls in the clear, which ends secure messaging. What `then` makes of the answers protects all that follows.
   * If that is nothing, what follows goes in the clear if it did before; where it was protected, or if `then` throws, nothing
   * follows: who sits in between cannot end secure messaging and then read on.
   */
  async runPlain<const C extends readonly Call<unknown>[]>(
    calls: C,
    then: (answers: Answers<C>) => SecureMessaging | undefined,
  ): Promise<SecureMessaging | undefined> {
    const before = this.#state
    const lost = { kind: 'lost', reason: 'it could not be opened' } as const
    this.#state = lost
    const commands = calls.map(({ apdu }) => apdu)
    const responses = await this.#watched(commands, () => this.#exchange(commands))
    const messaging = then(calls.map((each, index) => each.answer(responses[index]!)) as Answers<C>)
    if (messaging) this.#state = { kind: 'secure', messaging }
    else this.#state = before.kind === 'plain' ? before : lost
    return messaging
  }

  /**
   * Runs an operation when all earlier ones have ended, well or not. What it has asked the card is then still so when it
   * acts on it: how many tries are left, which reference is free, whether commands are protected.
   */
  alone<T>(operation: (link: Link) => Promise<T>): Promise<T> {
    return this.#turns.alone(() => operation(this))
  }

  /**
   * Runs an operation that asks nothing of the card's state beside others of this kind: its commands go to the card in the
   * order of the calls, without waiting for answers to earlier ones. Not beside one that is `alone`.
   */
  overlapping<T>(operation: (link: Link) => Promise<T>): Promise<T> {
    return this.#turns.overlapping(() => operation(this))
  }

  /** Where the caller waits, so that who watches is told in his context. */
  async #watched(commands: readonly Uint8Array[], work: () => Promise<Uint8Array[]>): Promise<Uint8Array[]> {
    const watch = this.#watch
    if (watch === undefined) return work()
    const [secure, startedAt] = [this.secure, performance.now()]
    const tell = (responses?: Uint8Array[]) =>
      watch({ commands, responses, secure, startedAt, endedAt: performance.now() })
    try {
      const responses = await work()
      tell(responses)
      return responses
    } catch (error) {
      tell()
      throw error
    }
  }

  #transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const state = this.#state
    if (state.kind === 'plain') return this.#exchange(commands)
    if (state.kind === 'lost') return Promise.reject(lostError(state.reason))
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>()
    const sent: Sent = { responses: undefined, resolve, reject }
    try {
      const protectedCommands = commands.map(command => state.messaging.protect(withContent(command)))
      this.#sent.push(sent)
      this.#exchange(protectedCommands).then(
        responses => {
          sent.responses = responses
          this.#read(state)
        },
        error => this.#lose(state, error),
      )
    } catch (error) {
      this.#lose(state, error)
      reject(error)
    }
    return promise
  }

  /** Reads what has been answered, up to the first transmission that has not. */
  #read(state: Secure): void {
    if (this.#state !== state) return
    try {
      for (let first = this.#sent[0]; first?.responses; first = this.#sent[0]) {
        const responses = first.responses.map(response => state.messaging.unprotect(response))
        this.#sent.shift()
        first.resolve(responses)
      }
    } catch (error) {
      this.#lose(state, error)
    }
  }

  /** From here on the two counters differ, or somebody sits in between: nothing more can be said over this channel. */
  #lose(state: Secure, cause: unknown): void {
    if (this.#state !== state) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    const lost =
      cause instanceof ChannelError
        ? cause
        : new DriverError('SECURE_CHANNEL', `secure messaging failed: ${reason}`, { cause })
    this.#state = { kind: 'lost', reason }
    for (const { reject } of this.#sent.splice(0)) reject(lost)
  }

  async #exchange(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const responses = await this.#channel.transmit(commands)
    if (responses.length !== commands.length) {
      throw new ChannelError('PROTOCOL', `${commands.length} commands were sent, ${responses.length} answers came back`)
    }
    return responses
  }
}

function lostError(reason: string): DriverError {
  return new DriverError('SECURE_CHANNEL', `the secure channel is gone (${reason}); open it again`)
}

/** A command of neither data nor Le would have nothing to protect, and cards take none such. */
function withContent(command: Uint8Array): Uint8Array {
  return command.length === 4 ? concat(command, Uint8Array.of(0x00)) : command
}

function blocks(length: number): number {
  return Math.floor(length / 16) * 16
}

function* batches(calls: readonly Call<unknown>[], maximumApdu: number): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let sent = 0
  let answered = 0
  for (const { apdu, most } of calls) {
    const length = framing + apdu.length + protection
    const answer = framing + (most ?? Math.min(decodeCommand(apdu).le ?? 0, maximumApdu)) + protection
    const full = batch.length === maximumBatch.commands
    if (full || sent + length > maximumBatch.bytes || answered + answer > maximumBatch.bytes) {
      if (batch.length > 0) yield batch
      batch = []
      sent = 0
      answered = 0
    }
    batch.push(apdu)
    sent += length
    answered += answer
  }
  if (batch.length > 0) yield batch
}

/** What secure messaging adds to an APDU at most, status word included: padding, object headers, status and MAC. */
const protection = 48
