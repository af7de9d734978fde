/** Every error as an answer: a status, and a body of `{code, message}` that says what was wanted and what came. */
import { HsmError, type HsmErrorCode } from '@keytether/hsm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RequestError } from './errors.ts'

const statusOf: Record<HsmErrorCode, number> = {
  UNKNOWN_HSM: 404,
  UNKNOWN_KEY_DOMAIN: 404,
  UNKNOWN_KEY: 404,
  AMBIGUOUS_KEY: 409,
  WRONG_SCHEME: 400,
  KEY_NOT_USABLE: 409,
  NO_DEVICE: 503,
  BUSY: 503,
  TIMEOUT: 504,
  AMBIGUOUS_HSM: 409,
  TAKEN: 409,
  UNKNOWN_LEASE: 404,
  LEASE_ENDED: 410,
  OUT_OF_TURN: 409,
  NOT_FOUND: 404,
  EXISTS: 409,
  FORBIDDEN: 403,
  WRONG_STATE: 409,
  STALE: 412,
  INVALID: 400,
  SEALED: 503,
  NOT_DURABLE: 503,
  OUTCOME_UNKNOWN: 500,
}

/** What Fastify refuses by itself. */
const codeOf: Record<number, string> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  414: 'PATH_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'HEADERS_TOO_LARGE',
  503: 'SHUTTING_DOWN',
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: { readonly code: string; readonly message: string }
}

/** @param id of the request, to be found in the log */
function answerTo(error: unknown, id: string): Answer {
  if (error instanceof HsmError) {
    const status = statusOf[error.code]
    const seconds = String(Math.ceil((error.retryAfterMs ?? 1_000) / 1_000))
    const headers: Record<string, string> = status === 503 ? { 'Retry-After': seconds } : {}
    return { status, headers, body: { code: error.code, message: error.message } }
  }
  if (error instanceof RequestError) {
    const { statusCode, code, message, headers } = error
    return { status: statusCode, headers, body: { code, message } }
  }
  const { statusCode, validation, message } = error as Partial<RefusedByFastify>
  const code = statusCode === undefined ? undefined : codeOf[statusCode]
  if (validation !== undefined) return { status: 400, body: { code: 'BAD_REQUEST', message: whatIsWrong(validation) } }
  if (statusCode !== undefined && code !== undefined) {
    return { status: statusCode, body: { code, message: message ?? code } }
  }
  return {
    status: 500,
    body: { code: 'INTERNAL', message: `a defect of the service; its log tells more, request ${id}` },
  }
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

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers = {}, body } = answerTo(error, request.id)
  if (status === 500) request.log.error({ err: error }, 'request failed')
  else request.log.info({ code: body.code, reason: body.message }, 'request refused')
  // Said here, since errors outside of any route have neither of Fastify's defaults.
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').serializer(serialize).send(body)
}

/** @throws RequestError always */
export function nothingHere(request: FastifyRequest): never {
  throw new RequestError(404, 'NOT_FOUND', `there is nothing at ${pathOf(request)}`)
}

/** Without the query, which is nobody's business. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!
}

/** As JSON, laid out with tabs as CardContact's service does. */
export function serialize(payload: unknown): string {
  return `${JSON.stringify(payload, null, '\t')}\n`
}
