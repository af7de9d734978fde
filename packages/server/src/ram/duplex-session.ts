/**
 * One session over a WebSocket as a channel to the card behind it: commands go out when they are transmitted, however many
 * wait for their answers already. Once something went wrong, the session is over.
 */
import type { Socket } from 'node:net'
import {
  ChannelError,
  CommandMessage,
  closing,
  type Initiation,
  ResponseMessage,
  ramKeepAlive,
  ramMessageLimits,
} from '@keytether/card'
import { DecodeError, decode, encode } from '@keytether/codec'
import type { WebSocket } from 'ws'
import type { CardSession, CardSessionInfo } from './card-session.ts'
import type { Refusal } from './reply.ts'
import {
  answersTo,
  closeReason,
  messagePortion,
  type Portion,
  portionsOf,
  printable,
  resetPortion,
} from './templates.ts'
import { deadlineOf, jittered, type RamTiming } from './timing.ts'
import { answer, type Work, workOf } from './work.ts'

/** The WebSocket of a session, and what it runs over. */
export interface Line {
  readonly socket: WebSocket
  readonly stream: Socket
}

export interface DuplexKeeper {
  readonly timing: RamTiming
  /** The session is over. */
  ended(): void
}

interface Sent {
  readonly number: number
  readonly work: Work
}

const highestNumber = 2 ** 32 - 1
/** How long a client may take to agree that the session is over. */
const partingMs = 1_000

export class DuplexSession implements CardSession {
  readonly duplex = true
  readonly info: CardSessionInfo
  readonly closed: Promise<ChannelError>
  readonly #line: Line
  readonly #keeper: DuplexKeeper
  readonly #resolveClosed: (error: ChannelError) => void
  /** What waits for its answers, in the order in which it was sent. */
  readonly #sent: Sent[] = []
  #bytesSent = 0
  /** What waits until less waits for answers. */
  readonly #queue: Work[] = []
  #atr: Uint8Array
  #number = 0
  #pinged = 0
  #heard = { bytes: -1, at: 0 }
  #roundTripMs: number | undefined
  #pulse: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined
  #over: ChannelError | undefined

  constructor({ atr }: Initiation, info: CardSessionInfo, line: Line, keeper: DuplexKeeper) {
    this.info = info
    this.#atr = atr
    this.#line = line
    this.#keeper = keeper
    const { promise, resolve } = Promise.withResolvers<ChannelError>()
    this.closed = promise
    this.#resolveClosed = resolve
    line.socket
      .on('message', (data, isBinary) => this.#receive(data as ArrayBuffer, isBinary))
      .on('pong', () => {
        this.#hear()
        this.#roundTripMs = performance.now() - this.#pinged
      })
      .on('close', (_, reason) => this.#left(printable(reason.toString())))
      .on('error', error => this.#fail(new ChannelError('PROTOCOL', `the card side broke the rules: ${error.message}`)))
    this.#hear()
    this.#ping()
  }

  get atr(): Uint8Array {
    return this.#atr
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  async transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
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

  async close(reason?: string): Promise<void> {
    const refusal: Refusal = reason === undefined ? complete : { status: 504, text: reason }
    this.#end(new ChannelError('CLOSED', `the session was closed: ${reason ?? 'no longer needed'}`), refusal)
  }

  shutDown(): void {
    this.#end(new ChannelError('CLOSED', shuttingDown.text), shuttingDown)
  }

  async #enqueue(portion: Portion, last = false): Promise<Uint8Array[]> {
    if (this.#over) throw this.#over
    const { work, answers } = workOf(portion, last)
    this.#queue.push(work)
    this.#send()
    return answers
  }

  #send(): void {
    for (let [work] = this.#queue; work && !this.#over && this.#hasRoomFor(work); [work] = this.#queue) {
      this.#queue.shift()
      this.#number = this.#number === highestNumber ? 1 : this.#number + 1
      this.#line.socket.send(encode(CommandMessage, { number: this.#number, template: [...work.elements] }))
      this.#sent.push({ number: this.#number, work })
      this.#bytesSent += work.load.sent
      if (this.#sent.length === 1) this.#awaitAnswer()
      if (work.last) this.#sayGoodBye(work)
    }
  }

  #hasRoomFor({ load, last }: Work): boolean {
    const { unanswered, unansweredBytes } = ramMessageLimits
    const few = this.#sent.length < unanswered && this.#bytesSent + load.sent <= unansweredBytes
    return this.#sent.length === 0 || (few && !last)
  }

  /** The last word was a message: whoever gets it leaves. */
  #sayGoodBye(work: Work): void {
    work.resolve([])
    this.#end(new ChannelError('CLOSED', 'the session was closed with a message'), complete)
  }

  #receive(data: ArrayBuffer, isBinary: boolean): void {
    if (this.#over) return
    this.#hear()
    const message = isBinary ? readable(new Uint8Array(data)) : undefined
    const [sent] = this.#sent
    if (message === undefined) {
      this.#fail(new ChannelError('PROTOCOL', 'the card side sent what cannot be read'))
    } else if (message.number !== sent?.number) {
      const wanted = sent === undefined ? 'nothing was asked' : `${sent.number} is to be answered`
      this.#fail(new ChannelError('PROTOCOL', `the card side answered command ${message.number}, but ${wanted}`))
    } else this.#accept(sent.work, message)
  }

  #accept(work: Work, { template }: ResponseMessage): void {
    try {
      const answers = answersTo(work.elements, template)
      this.#sent.shift()
      this.#bytesSent -= work.load.sent
      this.#awaitAnswer()
      answer([work], answers)
      this.#send()
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      const gaveUp = closeReason(template) !== undefined
      this.#fail(error, gaveUp ? complete : error.code === 'REMOVED' ? cardLost : malformed)
    }
  }

  /** The card side takes one message after the other: the first one's time runs. */
  #awaitAnswer(): void {
    clearTimeout(this.#deadline)
    const [first] = this.#sent
    if (first === undefined) return
    const ms = deadlineOf(first.work.elements, this.#keeper.timing)
    this.#deadline = setTimeout(() => {
      const error = new ChannelError('TIMEOUT', `the card did not answer within ${ms / 1000} s`)
      this.#end(error, { status: 504, text: error.message })
    }, ms)
  }

  readonly #ping = () => {
    this.#pinged = performance.now()
    this.#line.socket.ping()
    this.#listen()
  }

  /** Pings in a while; before that, if the silence has been long already, makes sure that it is not too long. */
  #listen(): void {
    const left = Math.max(0, this.#heard.at + ramKeepAlive.silenceMs - performance.now())
    const pause = jittered(ramKeepAlive.pingMs)
    this.#pulse = left > pause ? setTimeout(this.#beat, pause) : setTimeout(() => setImmediate(this.#beat), left)
  }

  /**
   * Bytes of a message that is still coming are a sign of life, too: on a slow line, a pong waits behind it. A process that did not get round to
   * reading them gets the time to do so.
   */
  readonly #beat = () => {
    if (this.#over) return
    this.#hear()
    if (performance.now() - this.#heard.at < ramKeepAlive.silenceMs) this.#ping()
    else {
      this.#end(new ChannelError('REMOVED', 'the connection is dead: the card side does not answer pings'), complete)
      this.#line.socket.terminate()
    }
  }

  #hear(): void {
    const bytes = this.#line.stream.bytesRead
    if (bytes !== this.#heard.bytes) this.#heard = { bytes, at: performance.now() }
  }

  #left(reason: string): void {
    const what = reason === '' ? 'the connection broke' : `the card side gave up: ${reason}`
    this.#end(new ChannelError('REMOVED', what), complete)
  }

  #fail(error: ChannelError, refusal: Refusal = malformed): void {
    this.#end(error, refusal)
  }

  #end(error: ChannelError, { status, text }: Refusal): void {
    if (this.#over) return
    this.#over = error
    clearTimeout(this.#pulse)
    clearTimeout(this.#deadline)
    const { socket } = this.#line
    const { code, reason } = closing(status, text)
    socket.close(code, reason)
    const parting = setTimeout(() => socket.terminate(), partingMs)
    socket.once('close', () => clearTimeout(parting))
    for (const { work } of this.#sent.splice(0)) work.reject(error)
    for (const { reject } of this.#queue.splice(0)) reject(error)
    this.#keeper.ended()
    this.#resolveClosed(error)
  }
}

function readable(message: Uint8Array): ResponseMessage | undefined {
  try {
    return decode(ResponseMessage, message)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const complete: Refusal = { status: 204, text: '' }
const malformed: Refusal = { status: 400, text: 'not the answer to what was asked' }
const cardLost: Refusal = { status: 504, text: 'the card vanished' }
const shuttingDown: Refusal = { status: 503, text: 'the service is shutting down' }
