/**
 * The endpoint that card sides dial in to: which request belongs to which session, and what is no request at all. Card sides that
 * speak more than RAMOverHTTP find it here, too.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { agentProof, Initiation, ResponseTemplate } from '@keytether/card'
import { type Codec, concat, DecodeError, decode } from '@keytether/codec'
import type { CardSession, KnownAgent } from './card-session.ts'
import { readCookies, sequenceCookie, sessionCookie } from './cookies.ts'
import { asksForDuplex, DuplexEndpoint } from './duplex-endpoint.ts'
import { enrolmentOf } from './enrolment.ts'
import { type Refusal, refuseUpgrade, replyRefusal } from './reply.ts'
import { type Exchange, RamSession } from './session.ts'
import { defaultTiming, type RamTiming } from './timing.ts'

export interface RamEndpointOptions {
  /** Where the endpoint is mounted, such as `/rt/hsm`: the scope of its cookies. */
  readonly path: string
  /** Clients come over TLS. */
  readonly secure: boolean
  /** Every new session. Commands that are transmitted at once go out with the answer to the first request. */
  onSession(session: CardSession): void
  /** The agent that has sent a request with a proof of which it is; undefined: none that may connect cards. Default: there are none. */
  agentOf?(request: IncomingMessage): Promise<KnownAgent | undefined>
  readonly timing?: Partial<RamTiming>
  /** More are turned away; default 20,000. */
  readonly maxSessions?: number
}

const initiationTag = 0xe8
const defaultMaxSessions = 20_000
const maxInitiation = 1024
/** A template of 65,535 bytes, and some more so that its length can be refused for what it is. */
const maxBody = 70_000
/** How long a session that is over is remembered, so that a client that asks again is told the same; and how many are. */
const rememberMs = 60_000
const maxRemembered = 5_000

export class RamEndpoint {
  readonly #options: RamEndpointOptions
  readonly #timing: RamTiming
  readonly #sessions = new Map<string, RamSession>()
  /** Of sessions that are over, the timers that forget them; in the order in which they ended. */
  readonly #over = new Map<string, NodeJS.Timeout>()
  readonly #duplex: DuplexEndpoint
  #closing = false

  constructor(options: RamEndpointOptions) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#duplex = new DuplexEndpoint({ timing: this.#timing, onSession: session => options.onSession(session) })
  }

  /** Sessions that are not over. */
  get sessionCount(): number {
    return this.#sessions.size - this.#over.size + this.#duplex.sessionCount
  }

  /**
   * Whether a request that asks for an upgrade is to go to `upgrade`. Any other is answered like one that does not ask: a
   * client whose wish is not granted goes on with RAMOverHTTP.
   */
  wantsUpgrade(request: IncomingMessage): boolean {
    return asksForDuplex(request) && !this.#closing && !this.#isFull
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (!hasProof(request)) {
      this.#duplex.take(request, stream, head)
      return
    }
    // It may break off meanwhile.
    stream.on('error', () => {})
    this.#agentOf(request).then(agent => {
      if (this.#closing) refuseUpgrade(stream, shuttingDown)
      else if ('id' in agent) this.#duplex.take(request, stream, head, agent)
      else refuseUpgrade(stream, agent)
    })
  }

  /** Takes one request to the endpoint's path, whatever it is. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const refusal = refusalOf(request)
    if (refusal) {
      replyRefusal(response, refusal)
      return
    }
    const chunks: Uint8Array[] = []
    let length = 0
    request.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length <= maxBody) chunks.push(chunk)
      else replyRefusal(response, tooLarge)
    })
    // A client that breaks off in the middle of a request has not said anything.
    request.on('error', () => {})
    request.on('end', () => {
      if (length > maxBody) return
      const { sequence, sessions } = readCookies(request.headers.cookie)
      const body = chunks.length === 1 ? chunks[0]! : concat(...chunks)
      const exchange: Exchange = { response, socket: request.socket, body, sequence }
      // Whoever introduces a card starts anew, whatever session it was in before.
      if (body[0] !== initiationTag) this.#continue(sessions, exchange)
      else if (!hasProof(request)) this.#begin(request, exchange)
      else {
        this.#agentOf(request).then(agent => {
          if ('id' in agent) this.#begin(request, exchange, agent)
          else replyRefusal(response, agent)
        })
      }
    })
  }

  /** Ends all sessions and takes no new ones: clients are told to come back later. */
  close(): void {
    this.#closing = true
    this.#duplex.close()
    for (const session of this.#sessions.values()) session.shutDown()
    for (const timer of this.#over.values()) clearTimeout(timer)
  }

  #continue(ids: readonly string[], exchange: Exchange): void {
    const received = readable(ResponseTemplate, exchange.body)
    const session = ids.map(id => this.#sessions.get(id)).find(found => found !== undefined)
    if (session) session.take(received, exchange)
    else replyRefusal(exchange.response, received ? unknownSession : unreadable)
  }

  async #agentOf(request: IncomingMessage): Promise<KnownAgent | Refusal> {
    try {
      return (await this.#options.agentOf?.(request)) ?? unknownAgent
    } catch {
      return unavailable
    }
  }

  #begin(request: IncomingMessage, exchange: Exchange, agent?: KnownAgent): void {
    const initiation = this.#invite(exchange.body)
    if ('status' in initiation) {
      replyRefusal(exchange.response, initiation)
      return
    }
    const id = randomBytes(18).toString('base64url')
    const protocol = request.headers['x-admin-protocol']
    const info = {
      transport: 'http',
      address: agent?.address ?? request.socket.remoteAddress,
      protocol: typeof protocol === 'string' ? protocol : undefined,
      maxCommandSize: initiation.maxCommandSize,
      maxResponseSize: initiation.maxResponseSize,
      enrolment: enrolmentOf(request),
      agent: agent?.id,
    } as const
    const session = new RamSession(initiation, info, exchange, {
      timing: this.#timing,
      cookie: number => (number === 0 ? sessionCookie(id, this.#options) : sequenceCookie(number, this.#options)),
      ended: () => this.#remember(id),
    })
    this.#sessions.set(id, session)
    this.#options.onSession(session)
  }

  get #isFull(): boolean {
    return this.sessionCount >= (this.#options.maxSessions ?? defaultMaxSessions)
  }

  #invite(body: Uint8Array): Initiation | Refusal {
    if (this.#closing) return shuttingDown
    if (body.length > maxInitiation) return tooLarge
    if (this.#isFull) return full
    return readable(Initiation, body) ?? unreadable
  }

  #remember(id: string): void {
    const [oldest] = this.#over.size < maxRemembered ? [] : this.#over.keys()
    if (oldest !== undefined) this.#forget(oldest)
    this.#over.set(id, setTimeout(() => this.#forget(id), rememberMs).unref())
  }

  #forget(id: string): void {
    clearTimeout(this.#over.get(id))
    this.#over.delete(id)
    this.#sessions.delete(id)
  }
}

function hasProof({ headers }: IncomingMessage): boolean {
  return headers[agentProof.header.toLowerCase()] !== undefined
}

function refusalOf({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== 'POST') return postOnly
  return Number(headers['content-length'] ?? 0) > maxBody ? tooLarge : undefined
}

function readable<T>(codec: Codec<T>, body: Uint8Array): T | undefined {
  try {
    return decode(codec, body, { lengths: 'any' })
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const postOnly: Refusal = { status: 405, text: 'wanted POST: this is for card sides that speak RAMOverHTTP' }
const tooLarge: Refusal = { status: 413, text: `wanted a template of at most ${maxBody} bytes` }
const unreadable: Refusal = { status: 400, text: 'wanted an initiation (E8) or response (AB) template' }
const unknownSession: Refusal = { status: 404, text: 'no such session: begin anew with an initiation template (E8)' }
const full: Refusal = { status: 503, text: 'too many sessions' }
const unknownAgent: Refusal = { status: 403, text: 'no agent with this key may connect cards here, from there or now' }
const unavailable: Refusal = { status: 503, text: 'it cannot be found out now whose this agent is' }
const shuttingDown: Refusal = { status: 503, text: 'the service is shutting down' }
