/** A RAMOverHTTP client that posts what the test says, over connections that the test breaks. No code of the agent's. */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The Set-Cookie headers. */
  readonly cookies: readonly string[]
  /** In lower-case hexadecimal. */
  readonly body: string
}

export interface PostOptions {
  /** In place of the cookies that were set so far. */
  readonly cookie?: string
  readonly method?: string
  readonly headers?: Record<string, string>
}

export interface RawClientOptions {
  /** As the OCF client does: the first cookie of the first answer, for ever. */
  readonly frozen?: true
  /** X-Admin-Protocol; none if empty. */
  readonly protocol?: string
}

/** One client with one connection at a time. */
export class RawRamClient {
  readonly #url: string
  readonly #options: RawClientOptions
  readonly #cookies = new Map<string, string>()
  #agent = newAgent()
  socket: Socket | undefined

  constructor(url: string, options: RawClientOptions = {}) {
    this.#url = url
    this.#options = options
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** @param body in hexadecimal */
  async post(body: string, { cookie, method = 'POST', headers = {} }: PostOptions = {}): Promise<RawAnswer> {
    const bytes = Buffer.from(body.replaceAll(/\s/g, ''), 'hex')
    const { protocol = 'openscdp-remote-admin/1.0' } = this.#options
    const sent = request(this.#url, {
      agent: this.#agent,
      method,
      headers: {
        ...((cookie ?? this.cookie) && { Cookie: cookie ?? this.cookie }),
        ...(protocol && { 'X-Admin-Protocol': protocol }),
        ...(!headers['Transfer-Encoding'] && { 'Content-Length': bytes.length }),
        ...headers,
      },
    })
    sent.on('socket', socket => {
      this.socket = socket
    })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve).on('error', reject)
      sent.end(bytes)
    })
    const answer = Buffer.concat(await response.toArray()).toString('hex')
    const cookies = response.headers['set-cookie'] ?? []
    for (const cookie of cookies) this.#keep(cookie)
    return { status: response.statusCode!, headers: response.headers, cookies, body: answer }
  }

  /** The next request goes over a new connection; the old one stays open. */
  newConnection(): void {
    this.#agent = newAgent()
  }

  /** Breaks the connection, with a reset if told so. */
  break({ reset = false } = {}): void {
    if (reset) this.socket?.resetAndDestroy()
    else this.socket?.destroy()
    this.newConnection()
  }

  close(): void {
    this.#agent.destroy()
  }

  #keep(cookie: string): void {
    if (this.#options.frozen && this.#cookies.size > 0) return
    const [name, value] = cookie.split(';', 1)[0]!.split('=') as [string, string]
    this.#cookies.set(name, value)
  }
}

function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}
