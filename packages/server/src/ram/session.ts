/**
 * One session of RAMOverHTTP as a channel to the card behind it.
 *
 * The client asks by posting answers: at any time either it waits for us, its request held, or we wait for it. Work that
 * comes while it is away goes out together, in one template, with the answer to its next request. Once something went
 * wrong, the session is over: an answer that comes late must never be taken for the answer to something else.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  ChannelError,
  type CommandElement,
  CommandTemplate,
  type Initiation,
  type ResponseElement,
} from '@keytether/card'
import { encode, equal } from '@keytether/codec'
import type { CardSession, CardSessionInfo } from './card-session.ts'
import { type Refusal, replyRefusal, replyTemplate } from './reply.ts'
import { answersTo, closeReason, messagePortion, type Portion, portionsOf, resetPortion } from './templates.ts'
import { deadlineOf, jittered, type RamTiming } from './timing.ts'
import { answer, elementsOf, takeTogether, type Work, workOf } from './work.ts'

/** A request of the session with its body complete. */
export interface Exchange {
  readonly response: ServerResponse
  readonly socket: Socket
  readonly body: Uint8Array
  /** Which template the client saw last; undefined if it does not say. */
  readonly sequence: number | undefined
}

/** What the endpoint gives to a session. */
export interface SessionKeeper {
  readonly timing: RamTiming
  /** The cookie that goes with template `number`. */
  cookie(number: number): string
  /** The session is over. */
  ended(): void
}

interface Sent {
  readonly template: Uint8Array
  readonly works: readonly Work[]
  readonly response: ServerResponse
  readonly socket: Socket
  readonly times: number
  /** When, by `performance.now()`. */
  readonly at: number
}

type State =
  /** The client waits for us. */
  | { readonly kind: 'held'; readonly exchange: Exchange }
  /** The client waited for us when its connection broke: it may come back for a moment. */
  | { readonly kind: 'detached' }
  /** We wait for the client. */
  | { readonly kind: 'sent'; readonly sent: Sent }
  | { readonly kind: 'ended'; readonly error: ChannelError; readonly refusal: Refusal }

const oldProtocol = 'globalplatform-remote-admin/1.0'
/** A client that asks more often for the same template does not get any further. */
const maxTimesSent = 5
/** Proxies leave idle connections open for at least this long. */
const keptOpenMs = 30_000

export class RamSession implements CardSession {
  readonly info: CardSessionInfo
  readonly closed: Promise<ChannelError>
  readonly #keeper: SessionKeeper
  readonly #resolveClosed: (error: ChannelError) => void
  readonly #queue: Work[] = []
  #atr: Uint8Array
  #state: State
  #timer: NodeJS.Timeout | undefined
  /** Work is about to go out. */
  #sending = false
  /** That of the last request. */
  #socket: Socket | undefined
  /** That of the request before was the same. */
  #settled = false
  /** Of the last template that was sent; the answer to the initiation is 0. */
  #number = -1
  /** The last request that was taken, to recognize it if it comes again. */
  #taken: Uint8Array

  constructor({ atr }: Initiation, info: CardSessionInfo, exchange: Exchange, keeper: SessionKeeper) {
    this.info = info
    this.#atr = atr
    this.#keeper = keeper
    this.#taken = exchange.body
    const { promise, resolve } = Promise.withResolvers<ChannelError>()
    this.closed = promise
    this.#resolveClosed = resolve
    this.#state = this.#holding(exchange)
  }

  get atr(): Uint8Array {
    return this.#atr
  }

  async transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    // All are queued at once, so that no other work comes between the templates of one call.
    const answers = await Promise.all(portionsOf(commands).map(portion => this.#enqueue(portion)))
    return answers.flat()
  }

  async reset(): Promise<Uint8Array> {
    const [atr] = await this.#enqueue(resetPortion)
    this.#atr = atr!
    return atr!
  }

  async notify(id: number, text: string): Promise<void> {
    await this.#enqueue(messagePortion(id, text), id < 0)
  }

  /** Ends the session: in order if there is no reason, else the client is told that the server gives up. */
  async close(reason?: string): Promise<void> {
    const refusal: Refusal = reason === undefined ? complete : { status: 504, text: reason }
    this.#end(new ChannelError('CLOSED', `the session was closed: ${reason ?? 'no longer needed'}`), refusal)
  }

  shutDown(): void {
    this.#end(new ChannelError('CLOSED', 'the service is shutting down'), shuttingDown)
  }

  /** Takes a request that belongs to this session; undefined elements are those of a body that cannot be read. */
  take(received: readonly ResponseElement[] | undefined, exchange: Exchange): void {
    const state = this.#state
    if (state.kind === 'ended') {
      replyRefusal(exchange.response, state.refusal)
    } else if (received === undefined) {
      this.#fail(new ChannelError('PROTOCOL', 'the card side sent what cannot be read'), malformed, exchange)
    } else if (state.kind === 'sent') {
      if (this.#isRepeated(state.sent, exchange)) this.#sendAgain(state.sent, exchange)
      else this.#accept(state.sent, received, exchange)
    } else this.#returned(state, received, exchange)
  }

  /** A request came though the last one has not been answered. */
  #returned(
    state: Extract<State, { kind: 'held' | 'detached' }>,
    received: readonly ResponseElement[],
    exchange: Exchange,
  ): void {
    const reason = closeReason(received)
    if (reason !== undefined) {
      this.#fail(new ChannelError('REMOVED', `the card side gave up: ${reason}`), complete, exchange)
    } else if (!equal(exchange.body, this.#taken)) {
      // It answers what nobody asked; whoever waits goes on waiting.
      replyRefusal(exchange.response, unasked)
    } else {
      // The client's HTTP library lost its connection and sent the request again.
      clearTimeout(this.#timer)
      this.#state = this.#holding(exchange)
      if (state.kind === 'held') replyRefusal(state.exchange.response, superseded)
      this.#next()
    }
  }

  /** Whether the client did not get the template and sent its last request again. */
  #isRepeated({ socket, response }: Sent, exchange: Exchange): boolean {
    const sequence = exchange.sequence
    if (sequence !== undefined && sequence <= this.#number) {
      return sequence < this.#number && equal(exchange.body, this.#taken)
    }
    if (exchange.socket === socket || !equal(exchange.body, this.#taken)) return false
    // Clients that introduce themselves keep cookies: without a number, what they answered is the initiation's template.
    if (this.info.protocol !== undefined && this.#number > 0) return true
    return !response.writableFinished || socket.errored !== null || exchange.sequence !== undefined
  }

  #sendAgain(sent: Sent, exchange: Exchange): void {
    if (sent.times === maxTimesSent) {
      const error = new ChannelError('PROTOCOL', `the card side asked ${maxTimesSent} times for the same commands`)
      this.#fail(error, malformed, exchange)
      return
    }
    const { response, socket } = exchange
    this.#watch(socket)
    this.#state = { kind: 'sent', sent: { ...sent, response, socket, times: sent.times + 1, at: performance.now() } }
    this.#awaitAnswer(sent.works)
    replyTemplate(response, sent.template, this.#keeper.cookie(this.#number))
  }

  #accept({ works }: Sent, received: readonly ResponseElement[], exchange: Exchange): void {
    const answers = this.#answers(elementsOf(works), received, exchange)
    if (answers instanceof ChannelError) {
      const gaveUp = closeReason(received) !== undefined
      this.#fail(answers, gaveUp ? complete : answers.code === 'REMOVED' ? cardLost : malformed, exchange)
      return
    }
    clearTimeout(this.#timer)
    this.#taken = exchange.body
    this.#state = this.#holding(exchange)
    answer(works, answers)
    this.#next()
  }

  #answers(
    asked: readonly CommandElement[],
    received: readonly ResponseElement[],
    { sequence }: Exchange,
  ): Uint8Array[] | ChannelError {
    if (sequence !== undefined && sequence < this.#number) {
      return new ChannelError('PROTOCOL', 'the card side answered what was asked long ago')
    }
    try {
      return answersTo(asked, received)
    } catch (error) {
      if (error instanceof ChannelError) return error
      throw error
    }
  }

  /** Ends the session and answers the request that brought the reason. */
  #fail(error: ChannelError, refusal: Refusal, { response }: Exchange): void {
    this.#end(error, refusal)
    replyRefusal(response, refusal)
  }

  #holding(exchange: Exchange): State {
    const { pollMs, oldPollMs } = this.#keeper.timing
    const ms = jittered(this.info.protocol === oldProtocol ? oldPollMs : pollMs)
    this.#timer = setTimeout(() => this.#send(exchange, []), ms)
    this.#watch(exchange.socket)
    return { kind: 'held', exchange }
  }

  #watch(socket: Socket): void {
    this.#settled = socket === this.#socket
    if (this.#settled) return
    this.#socket?.off('close', this.#onClose)
    // Behind a proxy, sessions share connections.
    this.#socket = socket.setMaxListeners(0).once('close', this.#onClose)
    if (socket.destroyed) process.nextTick(this.#onClose)
  }

  /** The connection of the last request is gone. */
  readonly #onClose = () => {
    const state = this.#state
    if (state.kind === 'held') this.#state = { kind: 'detached' }
    else if (state.kind !== 'sent' || !this.#settled || !tellsOfDeath(state.sent)) return
    clearTimeout(this.#timer)
    const error = new ChannelError('REMOVED', 'the connection broke, and the client did not come back')
    this.#timer = setTimeout(() => this.#end(error, gone), this.#keeper.timing.graceMs)
  }

  async #enqueue(portion: Portion, last = false): Promise<Uint8Array[]> {
    if (this.#state.kind === 'ended') throw this.#state.error
    const { work, answers } = workOf(portion, last)
    this.#queue.push(work)
    this.#next()
    return answers
  }

  /**
   * Sends what is to be done next, if the client waits for it: not at once, so that what others ask for in this turn of the
   * event loop, such as those whose answers have just come, goes along.
   */
  #next(): void {
    if (this.#state.kind !== 'held' || this.#queue.length === 0 || this.#sending) return
    this.#sending = true
    setImmediate(() => {
      this.#sending = false
      if (this.#state.kind === 'held') this.#send(this.#state.exchange, takeTogether(this.#queue))
    })
  }

  #send({ response, socket }: Exchange, works: readonly Work[]): void {
    clearTimeout(this.#timer)
    this.#number++
    const template = encode(CommandTemplate, elementsOf(works))
    this.#state = { kind: 'sent', sent: { template, works, response, socket, times: 1, at: performance.now() } }
    replyTemplate(response, template, this.#keeper.cookie(this.#number))
    if (works[0]?.last) {
      works[0].resolve([])
      this.#end(new ChannelError('CLOSED', 'the session was closed with a message'), complete)
      return
    }
    this.#awaitAnswer(works)
  }

  #awaitAnswer(works: readonly Work[]): void {
    clearTimeout(this.#timer)
    const elements = elementsOf(works)
    const ms = deadlineOf(elements, this.#keeper.timing)
    this.#timer = setTimeout(() => {
      const what = elements.length === 0 ? 'the client' : 'the card'
      const error = new ChannelError('TIMEOUT', `${what} did not answer within ${ms / 1000} s`)
      this.#end(error, { status: 504, text: error.message })
    }, ms)
  }

  #end(error: ChannelError, refusal: Refusal): void {
    const state = this.#state
    if (state.kind === 'ended') return
    clearTimeout(this.#timer)
    this.#socket?.off('close', this.#onClose)
    this.#socket = undefined
    this.#state = { kind: 'ended', error, refusal }
    if (state.kind === 'held') replyRefusal(state.exchange.response, refusal)
    if (state.kind === 'sent') for (const { reject } of state.sent.works) reject(error)
    for (const { reject } of this.#queue.splice(0)) reject(error)
    this.#keeper.ended()
    this.#resolveClosed(error)
  }
}

/** Clients keep their connection while the card works, and nobody in between cuts it so soon. */
function tellsOfDeath({ response, at }: Sent): boolean {
  return response.shouldKeepAlive && performance.now() - at < keptOpenMs
}

const complete: Refusal = { status: 204, text: '' }
const malformed: Refusal = { status: 400, text: 'not the answer to what was asked; the session is over' }
const unasked: Refusal = { status: 409, text: 'nothing was asked' }
const superseded: Refusal = { status: 409, text: 'the same request came again over another connection' }
const cardLost: Refusal = { status: 504, text: 'the card vanished' }
const gone: Refusal = { status: 404, text: 'the session was lost' }
const shuttingDown: Refusal = { status: 503, text: 'the service is shutting down' }
