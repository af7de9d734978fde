/** Serves an API's routes: who may, what methods, and what becomes of what they throw. */
import type { IncomingHttpHeaders } from 'node:http'
import { type Caller, type Hsm, inRequest, nobody, type Role } from '@keytether/hsm'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type AddressOf, addressOf } from './access/address.ts'
import type { Authenticate } from './access/authenticate.ts'
import { nothingHere, pathOf } from './answers.ts'
import { Recorder } from './audit/recorder.ts'
import { withinLimit } from './body-limit.ts'
import { RequestError } from './errors.ts'
import { inWords } from './rest/roles.ts'

export interface Route<Domain> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** What it is called in the audit log; default method and path. */
  readonly operation?: string
  /** It is for everybody and changes nothing: not recorded unless it is refused. */
  readonly unrecorded?: true
  /** Its body holds a secret, which somebody could guess from its hash. */
  readonly secret?: true
  /** Absent: whatever there is, is not looked at. */
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** In bytes, where bodies may be larger than is usual. */
  readonly bodyLimit?: number
  /** Who has not logged in may ask, too: it is a way in itself. */
  readonly open?: true
  /** The body is no JSON, but a stream of bytes, which `run` reads as they come. */
  readonly bytes?: true
  /** Absent: none. */
  readonly answer?: z.ZodType
  /** Default: that of the API. */
  readonly patienceMs?: number
  /**
   * Before the body is read: may the caller, and now?
   *
   * @throws RequestError, HsmError
   */
  admit?(domain: Domain, caller: Caller): void
  /** @throws HsmError, RequestError */
  run(domain: Domain, call: Call, reply: FastifyReply): unknown
}

export interface Call {
  /** Those of the path are there. */
  readonly params: Readonly<Record<string, string>>
  readonly query: unknown
  readonly body: unknown
  readonly headers: IncomingHttpHeaders
  /** Of an open route: nobody. */
  readonly caller: Caller
  /** Aborts when the answer is due, or nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Aborts when the answer is due, whether anybody waits for it or not. */
  readonly due: AbortSignal
}

export interface ApiOptions<Domain> {
  readonly routes: readonly Route<Domain>[]
  readonly domain: Domain
  readonly authenticate: Authenticate
  /** Default: where whoever is connected is. */
  readonly addressOf?: AddressOf
  /** The largest body that somebody may send, in bytes; default: what the route takes. */
  readonly bodyBytesOf?: (caller: Caller) => number | undefined
  /** Where each request is recorded before it is answered. */
  readonly audit: Pick<Hsm['audit'], 'record'>
  /** How long a request may wait for its answer, in milliseconds. */
  readonly patienceMs: number
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** As in `Route`. */
    readonly open?: boolean
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const

export function api<Domain>(options: ApiOptions<Domain>): FastifyPluginAsync {
  return async app => {
    app.setValidatorCompiler(validatorCompiler)
    const recorder = new Recorder((tenant, request) => options.audit.record(tenant, request))
    const whereFrom = options.addressOf ?? addressOf()
    app.addHook('onRequest', async request => {
      const address = whereFrom(request.raw)
      const asked = recorder.begin(request, address)
      const { open } = request.routeOptions.config
      const caller = open ? nobody(address) : await options.authenticate(request.raw, address)
      if (caller === undefined) throw unauthorized(request)
      asked.caller = caller
      const { principal, name } = caller
      request.log = request.log.child({ caller: { id: principal, name } })
    })
    app.addHook('preParsing', async (request, _, payload) => {
      const { caller } = recorder.of(request)
      return withinLimit(request, payload, caller && options.bodyBytesOf?.(caller))
    })
    // Its own, so that who is not authenticated does not learn what there is.
    app.setNotFoundHandler(nothingHere)
    app.addHook('onSend', (request, reply, payload) => recorder.answer(request, reply, payload))
    takeJson(app, recorder)
    for (const route of options.routes) {
      if (route.bytes) app.register(async inner => serve(takingBytes(inner, recorder), route, options, recorder))
      else serve(app, route, options, recorder)
    }
    answerOtherMethods(app, options.routes)
  }
}

/** As Fastify does, but what came is recorded. */
function takeJson(app: FastifyInstance, recorder: Recorder): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    recorder.body(request, body)
    parse(request, body.toString(), done)
  })
}

function takingBytes(app: FastifyInstance, recorder: Recorder): FastifyInstance {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/octet-stream', (request, payload, done) => {
    recorder.bodyAsItComes(request, payload)
    done(null, payload)
  })
  return app
}

function serve<Domain>(
  app: FastifyInstance,
  route: Route<Domain>,
  { domain, patienceMs: usualPatienceMs }: ApiOptions<Domain>,
  recorder: Recorder,
): void {
  const { method, path, query, body, bodyLimit, patienceMs = usualPatienceMs } = route
  const { operation = `${method} ${app.prefix}${path}`, unrecorded, secret } = route
  const callerOf = (request: FastifyRequest) => recorder.of(request).caller!
  app.route({
    method,
    url: path,
    config: { open: route.open === true, recorded: { operation, unrecorded, secret } },
    schema: { ...(query && { querystring: query }), ...(body && { body }) },
    ...(bodyLimit !== undefined && { bodyLimit }),
    onRequest: async request => route.admit?.(domain, callerOf(request)),
    async handler(request, reply) {
      const [waiting, due] = [new AbortController(), new AbortController()]
      const timer = setTimeout(() => {
        for (const controller of [due, waiting]) controller.abort(new Error('out of time'))
      }, patienceMs)
      const left = () => waiting.abort(new Error('the client has gone'))
      if (reply.raw.closed) left()
      else reply.raw.once('close', left)
      try {
        const { query, body, headers } = request
        const params = request.params as Record<string, string>
        const signals = { signal: waiting.signal, due: due.signal }
        const call = { params, query, body, headers, caller: callerOf(request), ...signals }
        const answer = await inRequest(recorder.of(request), async () => route.run(domain, call, reply))
        return answer === undefined ? reply.code(204).send() : answer
      } finally {
        clearTimeout(timer)
        reply.raw.off('close', left)
      }
    },
  })
}

function answerOtherMethods(app: FastifyInstance, routes: readonly Route<never>[]): void {
  for (const [path, here] of Map.groupBy(routes, route => route.path)) {
    const served = here.map(route => route.method)
    const allowed = [...served, ...(served.includes('GET') ? (['HEAD'] as const) : []), 'OPTIONS'] as const
    const allow = allowed.join(', ')
    app.options(path, (_, reply) => reply.code(204).header('Allow', allow).send())
    app.route({
      method: methods.filter(method => !(allowed as readonly string[]).includes(method)),
      url: path,
      // Before the body is looked at, which may be of any type.
      onRequest: async request => {
        const message = `${request.method} does nothing at ${pathOf(request)}, wanted ${allow}`
        throw new RequestError('METHOD_NOT_ALLOWED', message, { Allow: allow })
      },
      handler: () => undefined,
    })
  }
}

/** @throws RequestError FORBIDDEN */
export function demandRole({ name, roles }: Caller, wanted: readonly Role[]): void {
  if (wanted.some(role => roles.includes(role))) return
  const has = roles.length === 0 ? 'none of the kind' : roles.join(', ')
  throw new RequestError('FORBIDDEN', `this takes the role ${inWords(wanted)}; ${name} has ${has}`)
}

/** @see RFC 6750, 3 */
function unauthorized({ headers }: FastifyRequest): RequestError {
  const challenge = `Bearer realm="keytether"${headers.authorization === undefined ? '' : ', error="invalid_token"'}`
  const message = 'wanted a bearer token or a client certificate that is known here'
  return new RequestError('UNAUTHORIZED', message, { 'WWW-Authenticate': challenge })
}
