/** What is served beside the endpoint for cards: the API, and whether the service is alive. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Caller, Hsm, Leases } from '@keytether/hsm'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify'
import { type AddressOf, addressOf as addressOfSocket } from './access/address.ts'
import type { Authenticate } from './access/authenticate.ts'
import { RelyingParty } from './access/relying-party.ts'
import { isSecure } from './access/sessions.ts'
import { answered } from './answered.ts'
import { answerError, nothingHere, pathOf, pathWithoutSecrets, serialize } from './answers.ts'
import { api } from './api.ts'
import { routes as deviceRoutes } from './device-api/routes.ts'
import { RequestError } from './errors.ts'
import { healthPath, healthRoutes } from './health/routes.ts'
import { limited } from './limited.ts'
import type { Log } from './log.ts'
import { Metrics, metricsRoutes } from './metrics/metrics.ts'
import { docs } from './rest/docs.ts'
import { restRoutes } from './rest/rest.ts'
import { Turnstile } from './rest/turnstile.ts'
import { routes as seRoutes } from './se-api/routes.ts'
import { signInPage } from './sign-in/page.ts'
import type { Traces } from './tracing/traces.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

export interface AppOptions {
  readonly hsm: Hsm
  readonly leases: Leases
  readonly log: Log
  readonly authenticate: Authenticate
  /** Default: where whoever is connected is. */
  readonly addressOf?: AddressOf
  /** How long a request may wait for its signature, in milliseconds; those that move a lot on devices may wait longer. */
  readonly patienceMs: number
  /** How long one may wait for what a card that is lent answers: whoever still waits then is told, and asks again. */
  readonly lendingPatienceMs: number
  readonly secure: boolean
  /** Where browsers reach it; none: there are no passkeys. */
  readonly url?: string | undefined
  /** None: nobody wants traces. */
  readonly tracing?: Traces | undefined
  /** Whether the service is about to end: it still does what it is asked, and says that it is not ready. */
  ending?(): boolean
  /** Whether requests are turned away because the service is about to end. */
  draining(): boolean
  /** Makes the server that gives its requests to the listener. */
  serve(listener: Listener): Server
}

/** More than requests have, unless their route says so. */
const bodyLimit = 16 * 1024
/** A key domain's unique id has 128 digits. */
const maxParamLength = 256

export function buildApp({
  log,
  secure,
  url,
  draining,
  ending = draining,
  serve,
  ...options
}: AppOptions): FastifyInstance {
  const { hsm, leases, tracing, authenticate, addressOf = addressOfSocket(), patienceMs, lendingPatienceMs } = options
  const app: FastifyInstance = fastify({
    serverFactory: listener => serve(listener) as RawServerDefault,
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit,
    routerOptions: { maxParamLength },
    frameworkErrors: answerError,
    clientErrorHandler: refuseConnection,
  })
  app.removeContentTypeParser('text/plain')
  app.setReplySerializer(serialize)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(nothingHere)
  const metrics = new Metrics(hsm)
  app.addHook('onRequest', async () => metrics.begin())
  app.addHook('onResponse', async (request, reply) => metrics.end(answered(request, reply)))
  if (tracing !== undefined) {
    app.addHook('onRequest', async ({ id, headers }) => tracing.begin(id, headers))
    app.addHook('onResponse', async (request, reply) => tracing.end(request.id, answered(request, reply)))
  }
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...securityHeaders, ...(secure && strictTransport), 'X-Request-Id': request.id })
  })
  app.addHook('onRequest', async request => {
    // Who asks how the service is, is told until it has ended.
    if (draining() && !pathOf(request).startsWith(`${healthPath}/`))
      throw new RequestError('SHUTTING_DOWN', 'the service is about to end', { Connection: 'close' })
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const ip = addressOf(request.raw)
    const ms = Math.round(reply.elapsedTime)
    request.log.info(
      { method, path: pathWithoutSecrets(request), ip, status: reply.statusCode, ms },
      'request answered',
    )
  })
  app.register(healthRoutes(hsm, ending), { prefix: healthPath })
  const { devices, registry, keys, limits } = hsm
  const turnstile = new Turnstile({ limitsOf: tenant => limits.of(tenant) })
  const bodyBytesOf = ({ tenant }: Caller) => limits.of(tenant).bodyBytes
  const common = { authenticate, addressOf, bodyBytesOf, patienceMs, audit: hsm.audit }
  app.register(api({ routes: metricsRoutes(metrics), domain: hsm, ...common }), { prefix: '/metrics' })
  const closing = new AbortController()
  app.register(docs, { prefix: '/v1' })
  app.addHook('preClose', async () => closing.abort())
  const relyingParty = url === undefined ? undefined : new RelyingParty(url)
  const domain = { ...hsm, relyingParty, secureCookies: isSecure(url, secure) }
  app.register(signInPage)
  app.register(api({ routes: restRoutes(turnstile, closing.signal), domain, ...common }), { prefix: '/v1' })
  const se = { routes: limited(seRoutes, turnstile), domain: { devices, registry, keys } }
  app.register(api({ ...se, ...common }), { prefix: '/se/api' })
  const lending = { routes: limited(deviceRoutes, turnstile), domain: { devices, leases, registry } }
  app.register(api({ ...lending, ...common, patienceMs: lendingPatienceMs }), { prefix: '/api' })
  return app
}

/** Answers of an API are for no browser to show, guess at or keep. */
const securityHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}
const strictTransport = { 'Strict-Transport-Security': 'max-age=31536000' }

/** What is not even HTTP, or takes too long or too much to become it. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status = statusLines[error.code ?? ''] ?? '400 Bad Request'
  const body = serialize({ code: 'BAD_REQUEST', message: 'wanted an HTTP request, whole and in time' })
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`
  if (socket.writable) socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy())
  else socket.destroy()
}

const statusLines: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}
