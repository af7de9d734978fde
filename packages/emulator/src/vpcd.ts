/**
 * Puts a virtual card into a reader of vpcd, the virtual reader driver for pcscd, so that every PC/SC program on the
 * machine sees it.
 *
 * vpcd and the card send each other frames: two bytes of length, then a control byte, a command or an answer.
 *
 * @see vsmartcard, Virtual Smart Card: "Creating a virtual smart card"
 * @module
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from '@keytether/card'
import { acknowledge, readNow } from './quick-socket.ts'

/** `inserted`: pcscd has seen the card. `waiting`: there is no place for it yet, and why. */
export type VpcdEvent = { readonly state: 'inserted' } | { readonly state: 'waiting'; readonly reason: string }

export interface VpcdOptions {
  /** Where vpcd listens: 127.0.0.1 and 35963, its first reader, unless told. The second reader is at 35964. */
  readonly host?: string
  readonly port?: number
  /** Pulls the card out. */
  readonly signal: AbortSignal
  readonly onEvent?: (event: VpcdEvent) => void
}

const control = { on: 0x01, reset: 0x02, atr: 0x04 } as const
const lengthBytes = 2
const maxLength = 0xffff
const maxFrame = lengthBytes + maxLength
/** One command is outstanding at a time; controls without an answer may come before it. */
const maxUnread = 2 * maxFrame
const wrongLength = Uint8Array.of(0x67, 0x00)
const minRetryMs = 100
const maxRetryMs = 2_000
/** vpcd asks a card twice a second whether it is still there. */
const silenceMs = 3_000
/** How long to look for the next command before going to sleep, once a program sends one right after the other. */
const pollMs = 1
/** How long to go on like that before other events get their turn. */
const turnMs = 20

/**
 * Keeps the card in the reader until the signal aborts, and puts it back whenever pcscd comes back. The card is reset
 * when the reader powers it on; it is not closed.
 *
 * @throws what the card throws
 */
export async function attachVpcd(card: Channel, options: VpcdOptions): Promise<void> {
  const { host = '127.0.0.1', port = 35963, signal, onEvent = () => {} } = options
  let retryMs = minRetryMs
  let reported: string | undefined
  const report = (reason: string) => {
    if (reason !== reported) onEvent({ state: 'waiting', reason })
    reported = reason
  }
  while (!signal.aborted) {
    const insertion = new Insertion(card, host, port, () => {
      retryMs = minRetryMs
      reported = undefined
      onEvent({ state: 'inserted' })
    })
    const remove = () => insertion.remove()
    const silence = setTimeout(() => {
      if (!insertion.seen) report(`another card is in the reader at ${host}:${port}`)
    }, silenceMs)
    signal.addEventListener('abort', remove, { once: true })
    try {
      const reason = await insertion.ended
      if (!signal.aborted) report(reason)
    } finally {
      signal.removeEventListener('abort', remove)
      clearTimeout(silence)
    }
    await sleep(retryMs, undefined, { signal }).catch(() => {})
    retryMs = Math.min(retryMs * 2, maxRetryMs)
  }
}

/** One time in the reader, from connecting to vpcd to the end of the connection. */
class Insertion {
  /** Resolves with why the card is no longer in the reader; rejects with what the card threw. */
  readonly ended: Promise<string>
  /** Has pcscd asked for the card yet? */
  seen = false
  readonly #card: Channel
  readonly #onSeen: () => void
  readonly #socket: Socket
  /** What came in and is not answered yet. */
  readonly #unread = Buffer.alloc(maxUnread + maxFrame)
  #unreadLength = 0
  #working = false
  #failure: unknown
  #answeredAt = 0
  /** The commands come one right after the other. */
  #lively = false

  constructor(card: Channel, host: string, port: number, onSeen: () => void) {
    this.#card = card
    this.#onSeen = onSeen
    const callback = (length: number, bytes: Uint8Array) => {
      this.#unread.set(bytes.subarray(0, length), this.#unreadLength)
      this.#received(length)
      void this.#work()
      return true
    }
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: silenceMs,
      onread: { buffer: Buffer.alloc(maxFrame), callback },
    })
    this.ended = this.#end(host, port)
  }

  remove(): void {
    this.#socket.destroy()
  }

  async #end(host: string, port: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    let reason = `vpcd at ${host}:${port} ended the connection`
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = this.seen ? `${reason}: ${error.message}` : unreachable(host, port, error)
    })
    this.#socket.once('close', () => resolve(reason))
    await promise
    if (this.#failure !== undefined) throw this.#failure
    return reason
  }

  #received(length: number): void {
    this.#unreadLength += length
    acknowledge(this.#socket)
    if (this.#unreadLength > maxUnread) this.#socket.destroy(new Error('it does not wait for answers'))
  }

  /** Answers what came in, frame by frame. */
  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    const started = performance.now()
    this.#lively = started - this.#answeredAt < pollMs
    try {
      while (!this.#socket.destroyed) {
        const payload = this.#take()
        if (payload) {
          const answer = await this.#answer(payload)
          if (answer) this.#write(answer)
        } else if (!this.#poll(started + turnMs)) break
      }
    } catch (error) {
      this.#failure = error
      this.#socket.destroy()
    } finally {
      this.#working = false
    }
  }

  /** The next whole frame's payload. */
  #take(): Uint8Array | undefined {
    if (this.#unreadLength < lengthBytes) return undefined
    const end = lengthBytes + this.#unread.readUInt16BE()
    if (this.#unreadLength < end) return undefined
    const payload = Uint8Array.from(this.#unread.subarray(lengthBytes, end))
    this.#unread.copyWithin(0, end, this.#unreadLength)
    this.#unreadLength -= end
    return payload
  }

  /** Looks for more without going to sleep: waking up takes longer than most commands. */
  #poll(turnEnd: number): boolean {
    const until = Math.min(turnEnd, this.#answeredAt + (this.#lively ? pollMs : 0))
    do {
      const length = readNow(this.#socket, this.#unread.subarray(this.#unreadLength))
      if (length > 0) {
        this.#received(length)
        return true
      }
    } while (performance.now() < until)
    return false
  }

  async #answer(payload: Uint8Array): Promise<Uint8Array | undefined> {
    if (!this.seen) {
      this.seen = true
      this.#onSeen()
    }
    if (payload.length === 1) {
      const [code] = payload
      if (code === control.on || code === control.reset) await this.#card.reset()
      return code === control.atr ? this.#card.atr : undefined
    }
    // Whatever happens, there must be an answer: vpcd waits for it without end.
    if (payload.length < 4) return wrongLength
    const [response = wrongLength] = await this.#card.transmit([payload])
    return response.length > maxLength ? wrongLength : response
  }

  #write(answer: Uint8Array): void {
    const frame = Buffer.allocUnsafe(lengthBytes + answer.length)
    frame.writeUInt16BE(answer.length)
    frame.set(answer, lengthBytes)
    this.#socket.write(frame)
    this.#answeredAt = performance.now()
  }
}

function unreachable(host: string, port: number, error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') {
    return (
      `nothing listens at ${host}:${port}: is pcscd running, with vpcd? ` +
      'On Debian: apt-get install pcscd vsmartcard-vpcd, systemctl start pcscd'
    )
  }
  return `vpcd at ${host}:${port} cannot be reached: ${error.message}`
}
