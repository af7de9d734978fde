/**
 * Every error as an answer that says what was wanted and what came: below `/v1` as RFC 9457 has it, elsewhere as
 * `{code, message}`.
 */
import { type Problem, type ProblemCode, problems } from '@keytether/api'
import { HsmError } from '@keytether/hsm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RequestError } from './errors.ts'

/** What Fastify refuses by itself. */
const codeOf: Record<number, ProblemCode> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  414: 'PATH_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'HEADERS_TOO_LARGE',
  503: 'SHUTTING_DOWN',
}

interface Refusal {
  readonly code: ProblemCode
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

/** @param id of the request, to be found in the log */
function refusal(error: unknown, id: string): Refusal {
  if (error instanceof HsmError) {
    const { code, message, retryAfterMs = problems[code].status === 503 ? 1_000 : undefined } = error
    return { code, message, headers: retryAfterMs === undefined ? {} : retryAfter(retryAfterMs) }
  }
  if (error instanceof RequestError) return error
  const { statusCode, validation, message } = error as Partial<RefusedByFastify>
  const code = statusCode === undefined ? undefined : codeOf[statusCode]
  if (validation !== undefined) return { code: 'BAD_REQUEST', message: whatIsWrong(validation) }
  if (code !== undefined) return { code, message: message ?? code }
  return { code: 'INTERNAL', message: `a defect of the service; its log tells more, request ${id}` }
}

export function retryAfter(ms: number): Record<string, string> {
  return { 'Retry-After': String(Math.ceil(ms / 1_000)) }
}

interface RefusedByFastify {
  readonly statusCode: number
  readonly message: string
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[]
}

function whatIsWrong(issues: RefusedByFastify['validation']): string {
  return issues
    .map(({ instancePath, message }) => [instancePath.slice(1), message].filter(Boolean).join(': '))
    .join('; ')
}

/** Without a request of its own; undefined for what is a defect of ours. */
export function problemOf(error: unknown): Problem | undefined {
  const { code, message } = refusal(error, '')
  return code === 'INTERNAL' ? undefined : problem(code, message)
}

function problem(code: ProblemCode, detail: string): Problem {
  const { status, title } = problems[code]
  return { type: `/v1/problems/${code}`, title, status, code, detail }
}

const refusals = new WeakMap<FastifyRequest, ProblemCode>()

/** Undefined: it was not refused. */
export function refusedWith(request: FastifyRequest): ProblemCode | undefined {
  return refusals.get(request)
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Laid out already.
  return reply.serializer((payload: string) => payload).send(refuse(error, request, reply))
}

/** Makes the answer one that says what is wrong, whatever it was to be before. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): string {
  const { code, message, headers = {} } = refusal(error, request.id)
  const { status } = problems[code]
  refusals.set(request, code)
  if (code === 'INTERNAL') request.log.error({ err: error }, 'request failed')
  else request.log.info({ code, reason: message }, 'request refused')
  const [type, body] = pathOf(request).startsWith('/v1/')
    ? ['application/problem+json', { ...problem(code, message), instance: request.id }]
    : ['application/json; charset=utf-8', { code, message }]
  reply.code(status).removeHeader('ETag').headers(headers).type(type)
  return serialize(body)
}

/** @throws RequestError always */
export function nothingHere(request: FastifyRequest): never {
  throw new RequestError('NOT_FOUND', `there is nothing at ${pathOf(request)}`)
}

/** Without the query, which is nobody's business. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!
}

/** The id of a lease is for its borrower. */
export function pathWithoutSecrets(request: FastifyRequest): string {
  return pathOf(request).replace(/^(\/api\/leases\/)[^/]+/, '$1…')
}

/** As JSON, laid out with tabs as CardContact's service does. */
export function serialize(payload: unknown): string {
  return `${JSON.stringify(payload, null, '\t')}\n`
}
