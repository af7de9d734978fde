/**
 * HTTP as far as a card side needs it: POST after POST to one URL over one connection, with cookies and with the proxy
 * that the environment names. Redirections are not followed.
 */
import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http'
import { Agent as HttpsAgent, request as requestSecure } from 'node:https'
import { getCACertificates } from 'node:tls'
import { CookieJar } from './cookies.ts'
import { SessionError } from './errors.ts'

export interface ConnectionOptions {
  /** Where to dial in; a user and password in it are presented as Basic authentication. */
  readonly url: string | URL
  /** Certificates of authorities to trust besides the system's, PEM. */
  readonly authorities?: readonly string[]
  /** How long a POST may take, from connecting to the last byte of the answer; default 40 s. */
  readonly timeoutMs?: number
}

export interface Answer {
  readonly status: number
  readonly body: Uint8Array
  /** All of the body came. */
  readonly complete: boolean
}

/** A template of 65,535 bytes, and some more so that it can be refused for what it is. */
const maxBody = 70_000
const defaultTimeoutMs = 40_000

export class Connection implements Disposable {
  readonly #url: URL
  readonly #cookies: CookieJar
  readonly #timeoutMs: number
  readonly #options: RequestOptions

  /** @throws SessionError `URL` or `SCHEME` */
  constructor({ url, authorities = [], timeoutMs = defaultTimeoutMs }: ConnectionOptions) {
    this.#url = parseUrl(url)
    this.#cookies = new CookieJar(this.#url)
    this.#timeoutMs = timeoutMs
    const { protocol, username, password } = this.#url
    const common = { keepAlive: true, noDelay: true, proxyEnv: process.env }
    const agent =
      protocol === 'https:' ? new HttpsAgent({ ...common, ca: trusted(authorities) }) : new HttpAgent(common)
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    const basic = `Basic ${Buffer.from(credentials).toString('base64')}`
    this.#options = { method: 'POST', agent, headers: { ...(username !== '' && { Authorization: basic }) } }
  }

  /** Sends a body and waits for the answer: for long, since the server answers when it has something to do for us. */
  async post(body: Uint8Array, signal?: AbortSignal): Promise<Answer> {
    const first = await this.#attempt(body, signal)
    if (!(first instanceof StaleConnection)) return first
    // The server had closed the connection before it saw the request. It tells by a cookie if it did see it.
    const second = await this.#attempt(body, signal)
    if (second instanceof StaleConnection) throw second.error
    return second
  }

  [Symbol.dispose](): void {
    ;(this.#options.agent as HttpAgent).destroy()
  }

  #attempt(body: Uint8Array, signal: AbortSignal | undefined): Promise<Answer | StaleConnection> {
    const secure = this.#url.protocol === 'https:'
    const request = (secure ? requestSecure : requestPlain)(this.#url, {
      ...this.#options,
      headers: this.#headers(body),
    })
    const { promise, resolve, reject } = Promise.withResolvers<Answer | StaleConnection>()
    let answer: Promise<Answer> | undefined
    const onAbort = () => request.destroy(cancelled(signal!))
    const timer = setTimeout(
      () => request.destroy(new SessionError('TIMEOUT', `no answer within ${this.#timeoutMs / 1000} s`)),
      this.#timeoutMs,
    )
    request.on('response', response => {
      this.#cookies.store(response.headers['set-cookie'])
      answer = read(response)
      resolve(answer)
    })
    let connected = false
    request.on('socket', socket => {
      if (request.reusedSocket) connected = true
      else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true))
    })
    request.on('error', cause => {
      const error = sessionError(cause, connected)
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

  #headers(body: Uint8Array): Record<string, string | number> {
    const cookie = this.#cookies.header
    return {
      Host: this.#url.host,
      ...(this.#options.headers as Record<string, string>),
      ...(cookie !== undefined && { Cookie: cookie }),
      'Content-Type': 'application/org.openscdp-content-mgt-response;version=1.0',
      Accept: '*/*',
      'X-Admin-Protocol': 'openscdp-remote-admin/1.0',
      'Content-Length': body.length,
    }
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
async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxBody) break
      chunks.push(chunk)
    }
  } catch {
    // `complete` tells.
  }
  const complete = response.complete && length <= maxBody
  return { status: response.statusCode!, body: Buffer.concat(chunks), complete }
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

const unknownHost = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])
/** Names of what OpenSSL finds wrong with a certificate have no common form. */
const untrusted = /CERT|UNABLE_TO|CHAIN|CRL|_CA$|INVALID_PURPOSE|HOSTNAME/

/** @param connected whether the connection had been made, by TLS where that is wanted */
function sessionError(cause: NodeJS.ErrnoException, connected: boolean): SessionError {
  if (cause instanceof SessionError) return cause
  // Where several addresses of one host were tried, the errors are within, and alike.
  const { code = '', message } = cause instanceof AggregateError ? (cause.errors[0] as NodeJS.ErrnoException) : cause
  if (unknownHost.has(code)) return new SessionError('HOST', `no such host: ${message}`, { cause })
  if (untrusted.test(code)) {
    return new SessionError('UNTRUSTED', `the server's certificate is not trusted: ${message}`, { cause })
  }
  if (connected) return new SessionError('NETWORK', `the connection broke: ${message}`, { cause })
  return new SessionError('CONNECT', `cannot connect: ${message}`, { cause })
}
