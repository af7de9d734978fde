/** One session over a WebSocket: commands come whenever the server has some, and are carried out one after the other. */
import {
  CommandMessage,
  closing,
  closingStatus,
  Initiation,
  ResponseMessage,
  ramKeepAlive,
  ramMessageLimits,
} from '@keytether/card'
import { DecodeError, decode, encode } from '@keytether/codec'
import { SessionError } from './errors.ts'
import { type ExecuteOptions, Execution } from './execute.ts'
import { printable } from './printable.ts'
import { statusError } from './status-error.ts'
import type { Line } from './websocket.ts'

export interface WebSocketSessionOptions extends ExecuteOptions {
  readonly signal?: AbortSignal
}

/** How long the last word may take. */
const farewellMs = 2_000
const checkMs = 500

export class WebSocketSession {
  readonly #options: WebSocketSessionOptions
  readonly #line: Line
  /** Messages that have come and are not answered: how many, and when they will be. */
  #waiting = 0
  #answered: Promise<void> = Promise.resolve()
  #heard = { bytes: -1, at: performance.now() }
  #taken = false
  /** Why there is no more to come. */
  #end: Error | 'inOrder' | undefined

  constructor(line: Line, options: WebSocketSessionOptions) {
    this.#line = line
    this.#options = options
  }

  /**
   * Resolves when the server ends the session in order.
   *
   * @returns false if it never began: there is something in between that takes WebSockets, and lets nothing through
   * @throws SessionError
   */
  async run(): Promise<boolean> {
    const { socket } = this.#line
    const { channel, signal } = this.#options
    const onAbort = () => this.#leave(new SessionError('CANCELLED', reasonOf(signal!)), 204)
    const watch = setInterval(() => this.#check(), checkMs)
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
    socket
      .on('message', (data, isBinary) => this.#enqueue(data as ArrayBuffer, isBinary))
      .once('ping', () => this.#begin())
      .on('error', error => this.#finish(new SessionError('TEMPLATE', `the server broke the rules: ${error.message}`)))
      .on('close', (code, reason) => {
        this.#closed(code, reason.toString())
        onClosed()
      })
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    else socket.send(encode(Initiation, { atr: channel.atr }))
    await closed
    clearInterval(watch)
    signal?.removeEventListener('abort', onAbort)
    await this.#answered
    if (this.#end === 'inOrder') return true
    if (!this.#taken && this.#end instanceof SessionError && neverBegun.has(this.#end.code)) return false
    throw this.#end
  }

  #enqueue(data: ArrayBuffer, isBinary: boolean): void {
    this.#waiting++
    if (this.#waiting > ramMessageLimits.unanswered) {
      this.#leave(new SessionError('TEMPLATE', 'the server sends more commands at once than it may'), malformed)
    }
    this.#answered = this.#answered
      .then(() => this.#carryOut(data, isBinary))
      .catch(error => this.#leave(error, error instanceof SessionError ? malformed : internalError))
  }

  async #carryOut(data: ArrayBuffer, isBinary: boolean): Promise<void> {
    const { number, template } = read(data, isBinary)
    const execution = new Execution(this.#options)
    // Nobody waits for answers any more after the end. What there is to be said, is said.
    await execution.run(this.#end === undefined ? template : template.filter(({ kind }) => kind === 'notify'))
    this.#waiting--
    const { failure } = execution
    if (failure?.code !== 'NOTICE') {
      this.#line.socket.send(encode(ResponseMessage, { number, template: execution.response() }))
    }
    // The server knows, and closes.
    if (failure) this.#leave(failure)
  }

  #begin(): void {
    this.#taken = true
    this.#options.hooks?.connected?.('websocket')
  }

  /** Any byte is a sign of life: on a slow line, a ping waits behind what is longer. */
  #check(): void {
    const bytes = this.#line.stream.bytesRead
    const now = performance.now()
    if (bytes !== this.#heard.bytes) this.#heard = { bytes, at: now }
    if (now - this.#heard.at <= ramKeepAlive.silenceMs) return
    const text = `the connection is dead: nothing came for ${ramKeepAlive.silenceMs / 1000} s`
    this.#finish(new SessionError('TIMEOUT', text))
    this.#line.socket.terminate()
  }

  #closed(code: number, text: string): void {
    const status = closingStatus(code)
    if (status === 204) this.#finish('inOrder')
    else if (status !== undefined) this.#finish(statusError(status, text, this.#taken))
    else
      this.#finish(
        new SessionError('NETWORK', `the connection broke${code === 1006 ? '' : ` (WebSocket code ${code})`}`),
      )
  }

  #finish(end: Error | 'inOrder'): void {
    if (this.#end === undefined || this.#end === 'inOrder') this.#end = end
  }

  /** Ends the session; the server is told why by a status, unless it knows. */
  #leave(error: Error, status?: number): void {
    this.#finish(error)
    const { socket } = this.#line
    if (status !== undefined) {
      const { code, reason } = closing(
        status,
        error instanceof SessionError ? printable(error.message) : 'internal error',
      )
      socket.close(code, reason)
    }
    const parting = setTimeout(() => socket.terminate(), farewellMs)
    if (socket.readyState === socket.CLOSED) clearTimeout(parting)
    else socket.once('close', () => clearTimeout(parting))
  }
}

const malformed = 400
const internalError = 500
const neverBegun: ReadonlySet<string> = new Set(['TIMEOUT', 'NETWORK'])

function reasonOf({ reason }: AbortSignal): string {
  return typeof reason === 'string' ? reason : 'cancelled'
}

function read(data: ArrayBuffer, isBinary: boolean): CommandMessage {
  try {
    if (!isBinary) throw new SessionError('TEMPLATE', 'the server sent text in place of a command template')
    return decode(CommandMessage, new Uint8Array(data))
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    const code = cause.code === 'TAG' ? 'ELEMENT' : 'ENCODING'
    throw new SessionError(code, `the server's command template is malformed: ${cause.message}`, { cause })
  }
}
