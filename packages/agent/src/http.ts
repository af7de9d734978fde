/** HTTP to one server, over a connection that stays and the proxy that the environment names. Redirections are not followed. */
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from 'node:http'
import { Agent as HttpsAgent, request as requestSecure } from 'node:https'
import { getCACertificates } from 'node:tls'
import { connectionError } from './connection-error.ts'
import { SessionError } from './errors.ts'

export interface HttpOptions {
  /** Where the server is; a user and password in it are presented as Basic authentication. */
  readonly url: string | URL
  /** Certificates of authorities to trust besides the system's, PEM. */
  readonly authorities?: readonly string[]
  /** To be shown to a server that asks for one, with its key, PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined
  /** How long a request may take, from connecting to the last byte of the answer; default 40 s. */
  readonly timeoutMs?: number
}

export interface HttpRequest {
  readonly method: string
  /** Relative to the server's; default that one. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** In place of the client's. */
  readonly timeoutMs?: number | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** All of the body came. */
  readonly complete: boolean
}

const defaultTimeoutMs = 40_000

export class HttpClient implements Disposable {
  readonly url: URL
  /** How connections are made: whom to trust, what to show, through which proxy. */
  readonly agent: HttpAgent
  /** The header that presents user and password, if the URL has them. */
  readonly credentials: Readonly<Record<string, string>>
  readonly #timeoutMs: number

  /** @throws SessionError `URL` or `SCHEME` */
  constructor({ url, authorities = [], clientCertificate, timeoutMs = defaultTimeoutMs }: HttpOptions) {
    this.url = parseUrl(url)
    this.#timeoutMs = timeoutMs
    const { protocol, username, password } = this.url
    const common = { keepAlive: true, noDelay: true, proxyEnv: process.env }
    const client = clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }
    const secure = protocol === 'https:'
    this.agent = secure ? new HttpsAgent({ ...common, ...client, ca: trusted(authorities) }) : new HttpAgent(common)
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    this.credentials =
      username + password === '' ? {} : { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  }

  /**
   * One request and its answer. It is sent again if the server closed the connection that stayed before it answered: the
   * server must be able to tell that it saw a request before.
   *
   * @throws SessionError
   */
  async send(request: HttpRequest & { readonly maxAnswer: number }): Promise<HttpAnswer> {
    const attempt = () => this.#attempt(request, response => read(response, request.maxAnswer))
    const first = await attempt()
    if (!(first instanceof StaleConnection)) return first
    const second = await attempt()
    if (second instanceof StaleConnection) throw second.error
    return second
  }

  /**
   * One request, sent once, and its answer as soon as it begins; from then on it takes as long as it takes.
   *
   * @throws SessionError
   */
  async open(request: HttpRequest): Promise<IncomingMessage> {
    const response = await this.#attempt(request, async response => response)
    if (response instanceof StaleConnection) throw response.error
    const { signal } = request
    const onAbort = () => response.destroy(cancelled(signal!))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    response.once('close', () => signal?.removeEventListener('abort', onAbort))
    return response
  }

  [Symbol.dispose](): void {
    this.agent.destroy()
  }

  #attempt<T>(
    { method, path, headers, body, signal, timeoutMs = this.#timeoutMs }: HttpRequest,
    take: (response: IncomingMessage) => Promise<T>,
  ): Promise<T | StaleConnection> {
    const url = path === undefined ? this.url : new URL(path, this.url)
    const secure = url.protocol === 'https:'
    const request = (secure ? requestSecure : requestPlain)(url, {
      method,
      agent: this.agent,
      headers: {
        Host: url.host,
        ...this.credentials,
        ...headers,
        ...(body && { 'Content-Length': body.length }),
      },
    })
    const { promise, resolve, reject } = Promise.withResolvers<T | StaleConnection>()
    let answer: Promise<T> | undefined
    const onAbort = () => request.destroy(cancelled(signal!))
    const timer = setTimeout(
      () => request.destroy(new SessionError('TIMEOUT', `no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    request.on('response', response => {
      answer = take(response)
      resolve(answer)
    })
    let connected = false
    request.on('socket', socket => {
      if (request.reusedSocket) connected = true
      else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true))
    })
    request.on('error', cause => {
      const error = connectionError(cause, { connected, fresh: !request.reusedSocket, secure })
      if (answer) return
      if (request.reusedSocket && error.code === 'NETWORK') resolve(new StaleConnection(error))
      else reject(error)
    })
    // Closed without an answer or an error: the server switched to another protocol, for one.
    request.on('close', () => reject(new SessionError('NETWORK', 'the connection was closed without an answer')))
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    request.end(body)
    return promise.finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  }
}

/** Whoever aborts with a text says why. */
function cancelled({ reason }: AbortSignal): SessionError {
  return new SessionError('CANCELLED', typeof reason === 'string' ? reason : 'cancelled')
}

class StaleConnection {
  readonly error: SessionError
  constructor(error: SessionError) {
    this.error = error
  }
}

/** A body that stops midway, by time or by connection, is an answer nevertheless: its status counts. */
async function read(response: IncomingMessage, maxAnswer: number): Promise<HttpAnswer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxAnswer) break
      chunks.push(chunk)
    }
  } catch {
    // `complete` tells.
  }
  const complete = response.complete && length <= maxAnswer
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks), complete }
}

function parseUrl(url: string | URL): URL {
  const text = String(url)
  const parsed = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (!parsed) throw new SessionError('URL', 'wanted a URL such as https://example.com/rt/hsm')
  if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed
  throw new SessionError('SCHEME', `wanted a URL that starts with https:// or http://, got ${parsed.protocol}//`)
}

function trusted(authorities: readonly string[]): string[] {
  return [...getCACertificates('default'), ...getCACertificates('system'), ...authorities]
}
