/** Where card sides that speak more than RAMOverHTTP begin: the WebSocket at the same URL. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closing, Initiation, ramMessageLimits, ramSubprotocol } from '@keytether/card'
import { DecodeError, decode } from '@keytether/codec'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CardSession, KnownAgent } from './card-session.ts'
import { DuplexSession, type Line } from './duplex-session.ts'
import { enrolmentOf } from './enrolment.ts'
import type { RamTiming } from './timing.ts'

export interface DuplexEndpointOptions {
  readonly timing: RamTiming
  onSession(session: CardSession): void
}

const maxInitiation = 1024

export class DuplexEndpoint {
  readonly #options: DuplexEndpointOptions
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: ramMessageLimits.bytes,
    handleProtocols: () => ramSubprotocol,
  })
  /** Connected, and not yet introduced. */
  readonly #arriving = new Set<WebSocket>()
  readonly #sessions = new Set<DuplexSession>()

  constructor(options: DuplexEndpointOptions) {
    this.#options = options
  }

  /** Sessions that are not over, and connections that may become some. */
  get sessionCount(): number {
    return this.#arriving.size + this.#sessions.size
  }

  take(request: IncomingMessage, stream: Duplex, head: Buffer, agent?: KnownAgent): void {
    this.#server.handleUpgrade(request, stream, head, socket => {
      socket.binaryType = 'arraybuffer'
      this.#arriving.add(socket)
      const late = setTimeout(() => socket.terminate(), this.#options.timing.silenceMs)
      const onClose = () => {
        clearTimeout(late)
        this.#arriving.delete(socket)
      }
      // What breaks the rules of WebSockets, `ws` closes by itself.
      const onError = () => {}
      socket.on('close', onClose).on('error', onError)
      socket.once('message', (data, isBinary) => {
        const initiation = isBinary ? readable(new Uint8Array(data as ArrayBuffer)) : undefined
        if (initiation === undefined) {
          const { code, reason } = closing(400, 'wanted an initiation template (E8)')
          socket.close(code, reason)
          return
        }
        socket.off('close', onClose).off('error', onError)
        onClose()
        this.#begin(initiation, request, { socket, stream: stream as Socket }, agent)
      })
    })
  }

  close(): void {
    for (const session of this.#sessions) session.shutDown()
    for (const socket of this.#arriving) socket.terminate()
  }

  #begin(initiation: Initiation, request: IncomingMessage, line: Line, agent: KnownAgent | undefined): void {
    const protocol = request.headers['x-admin-protocol']
    const info = {
      transport: 'websocket',
      address: agent?.address ?? request.socket.remoteAddress,
      protocol: typeof protocol === 'string' ? protocol : undefined,
      maxCommandSize: initiation.maxCommandSize,
      maxResponseSize: initiation.maxResponseSize,
      enrolment: enrolmentOf(request),
      agent: agent?.id,
    } as const
    const session: DuplexSession = new DuplexSession(initiation, info, line, {
      timing: this.#options.timing,
      ended: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    this.#options.onSession(session)
  }
}

/** Whether a request asks for a WebSocket of ours; others are answered like any request. */
export function asksForDuplex({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const protocols = String(headers['sec-websocket-protocol'] ?? '').split(',')
  return headers.upgrade?.toLowerCase() === 'websocket' && protocols.some(name => name.trim() === ramSubprotocol)
}

function readable(message: Uint8Array): Initiation | undefined {
  if (message.length > maxInitiation) return undefined
  try {
    return decode(Initiation, message)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
