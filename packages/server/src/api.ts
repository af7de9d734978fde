/** Serves the routes: who may, what methods, and what becomes of what they throw. */
import type { Devices } from '@keytether/hsm'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import { nothingHere, pathOf } from '../answers.ts'
import type { Authenticate } from '../authenticate.ts'
import { RequestError } from '../errors.ts'
import { type Params, type Route, routes } from './routes.ts'

export interface SeApiOptions {
  readonly devices: Devices
  readonly authenticate: Authenticate
  /** How long a request may wait for its signature, in milliseconds. */
  readonly patienceMs: number
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const

export async function seApi(app: FastifyInstance, options: SeApiOptions): Promise<void> {
  app.setValidatorCompiler(validatorCompiler)
  app.addHook('onRequest', async request => {
    const caller = options.authenticate(request.raw)
    if (caller === undefined) throw unauthorized(request)
    request.log = request.log.child({ caller })
  })
  // Its own, so that who is not authenticated does not learn what there is.
  app.setNotFoundHandler(nothingHere)
  for (const route of routes) serve(app, route, options)
  for (const path of new Set(routes.map(route => route.path))) answerOtherMethods(app, path)
}

function serve(app: FastifyInstance, { method, path, body, run }: Route, { devices, patienceMs }: SeApiOptions): void {
  app.route({
    method,
    url: path,
    ...(body && { schema: { body } }),
    async handler(request, reply) {
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(new Error('out of time')), patienceMs)
      const left = () => controller.abort(new Error('the client has gone'))
      reply.raw.once('close', left)
      try {
        return await run(devices, request.params as Params, request.body, controller.signal)
      } finally {
        clearTimeout(timer)
        reply.raw.off('close', left)
      }
    },
  })
}

function answerOtherMethods(app: FastifyInstance, path: string): void {
  const here = routes.filter(route => route.path === path).map(route => route.method)
  const allowed = [...here, ...(here.includes('GET') ? (['HEAD'] as const) : []), 'OPTIONS'] as const
  const allow = allowed.join(', ')
  app.options(path, (_, reply) => reply.code(204).header('Allow', allow).send())
  app.route({
    method: methods.filter(method => !(allowed as readonly string[]).includes(method)),
    url: path,
    // Before the body is looked at, which may be of any type.
    onRequest: async request => {
      const message = `${request.method} does nothing at ${pathOf(request)}, wanted ${allow}`
      throw new RequestError(405, 'METHOD_NOT_ALLOWED', message, { Allow: allow })
    },
    handler: () => undefined,
  })
}

/** @see RFC 6750, 3 */
function unauthorized({ headers }: FastifyRequest): RequestError {
  const challenge = `Bearer realm="keytether"${headers.authorization === undefined ? '' : ', error="invalid_token"'}`
  const message = 'wanted a bearer token or a client certificate that is known here'
  return new RequestError(401, 'UNAUTHORIZED', message, { 'WWW-Authenticate': challenge })
}
