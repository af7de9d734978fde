/** The operations that `@keytether/api` declares, as routes: who may, when, how many at once, and with what headers. */
import { type Operation, type OperationName, operations, type RateClass } from '@keytether/api'
import { type Hsm, HsmError } from '@keytether/hsm'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { sessionCookie } from '../access/session-cookie.ts'
import type { Call, Route } from '../api.ts'
import { RequestError } from '../errors.ts'
import { fromCursor, toCursor } from './cursor.ts'
import { eventStream } from './event-stream.ts'
import { followEvents } from './events.ts'
import type { Domain, Handler } from './handler.ts'
import { handlers } from './handlers.ts'
import { namedRequest } from './named-request.ts'
import { streamProgress } from './progress-stream.ts'
import { demandRole } from './roles.ts'
import { streamRoutes } from './streams.ts'
import { demandText } from './text.ts'
import type { Turnstile } from './turnstile.ts'

/** Those that move a lot on tokens may take minutes; default: that of the service. */
const patienceMs: Partial<Record<RateClass, number>> = { slow: 600_000 }

const noQuery = z.strictObject({})
const noBody = z.undefined('wanted no body').or(z.null())

/** @param closing aborts when the service ends, and with it what would go on for ever */
export function restRoutes(turnstile: Turnstile, closing: AbortSignal): readonly Route<Domain>[] {
  const declared = Object.keys(operations).map(name => route(name as OperationName, turnstile, closing))
  return [...declared, ...streamRoutes(turnstile)]
}

function route(name: OperationName, turnstile: Turnstile, closing: AbortSignal): Route<Domain> {
  const operation: Operation = operations[name]
  const handler: Handler<Operation> = handlers[name] as Handler<never>
  const patience = patienceMs[operation.rate]
  return {
    method: operation.method,
    path: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    operation: name,
    ...(operation.roles.length === 0 && operation.method === 'GET' && !operation.open && { unrecorded: true }),
    ...(operation.secret && { secret: true }),
    query: operation.query ?? noQuery,
    ...(operation.method !== 'GET' && { body: operation.body ?? noBody }),
    ...(operation.open && { open: true }),
    ...(operation.bodyLimit !== undefined && { bodyLimit: operation.bodyLimit }),
    ...(operation.answer && { answer: operation.answer }),
    ...(patience !== undefined && { patienceMs: patience }),
    admit(hsm, caller) {
      demandRole(name, operation, caller)
      demandState(operation, hsm)
    },
    async run(hsm, call, reply) {
      const asEvents = call.headers.accept?.includes('text/event-stream') ?? false
      if (operation.followed && asEvents) return follow(hsm, call, reply, turnstile, closing)
      using _ = turnstile.enter(call.caller, operation.rate, usesOf(name, call))
      if (operation.progress && asEvents) {
        // Who watches is not waited for when the service ends.
        const watched = { ...call, signal: AbortSignal.any([call.signal, closing]) }
        return await streamProgress(reply, async tell => handler(hsm, asked(operation, watched, tell)))
      }
      const named = namedRequest(name, operation, call)
      if (named === undefined) {
        const answer = await handler(hsm, asked(operation, call))
        return finished(reply, operation, inSession(reply, operation, call, hsm, answer))
      }
      // Who sends it again wants the answer of the first time: that one goes on when nobody waits any more.
      const { answer, replayed } = await hsm.requests.once(named, call.signal, async () => {
        const answer = await handler(hsm, asked(operation, { ...call, signal: call.due }))
        return { status: operation.status ?? 200, answer }
      })
      if (replayed) reply.header('Idempotency-Replayed', 'true')
      return finished(reply, operation, answer ?? undefined)
    },
  }
}

async function follow(
  hsm: Hsm,
  call: Call,
  reply: FastifyReply,
  turnstile: Turnstile,
  closing: AbortSignal,
): Promise<FastifyReply> {
  const turn = turnstile.enter(call.caller, 'follow')
  const over = new AbortController()
  // Who listens may not be one who may any more: he logs in again, if he can, and goes on where he was.
  const onForget = (tenant = call.caller.tenant) => tenant === call.caller.tenant && over.abort()
  hsm.logins.events.on('forget', onForget)
  const leave = () => {
    over.abort()
    hsm.logins.events.off('forget', onForget)
    turn[Symbol.dispose]()
  }
  if (reply.raw.closed) leave()
  else reply.raw.once('close', leave)
  // While it was found out who asks, too.
  if (hsm.logins.forgottenAt >= performance.now() - reply.elapsedTime) over.abort()
  demandText(call.query)
  const items = await followEvents(hsm, call, AbortSignal.any([over.signal, closing]))
  const stream = eventStream(items, () =>
    reply.log.warn('dropped who listens to events: nothing was taken for a minute'),
  )
  return reply.type('text/event-stream').header('X-Accel-Buffering', 'no').send(stream)
}

/** Those of a batch count one by one. */
function usesOf(name: OperationName, { body }: Call): number {
  return name === 'batch' ? (body as { readonly items: readonly unknown[] }).items.length : 1
}

function demandState({ state }: Operation, { vault }: Hsm): void {
  if (state !== 'unsealed' || vault.state === 'open') return
  throw new HsmError('SEALED', 'the service is sealed: give it the master key with `keytether service unseal`')
}

function asked(
  { paged }: Operation,
  call: Call,
  progress: (item: unknown) => void = () => {},
): Parameters<Handler<Operation>>[1] {
  const { params, body, caller, signal, headers } = call
  const query = paged ? fromCursor(call.query as { readonly cursor?: string }) : call.query
  demandText([params, query, body])
  const ifMatch = revision(headers['if-match'])
  const client = headers['user-agent'] ?? ''
  return { params, query, body, caller, client, signal, ifMatch, progress } as Parameters<Handler<Operation>>[1]
}

/** @see RFC 9110, 13.1.1 */
function revision(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const number = /^"(\d{1,15})"$/.exec(header)?.[1]
  if (number === undefined) throw new RequestError('BAD_REQUEST', 'If-Match: wanted an ETag of here, as "7"')
  return Number(number)
}

/** Where a browser asked for it, the token of its session goes where no script finds it. */
function inSession(
  reply: FastifyReply,
  { session }: Operation,
  { query }: Call,
  { secureCookies }: Domain,
  answer: unknown,
): unknown {
  if (session === 'ends') reply.header('Set-Cookie', sessionCookie(undefined, secureCookies))
  if (session !== 'begins' || (query as { readonly cookie?: string }).cookie === undefined) return answer
  const { token, ...rest } = answer as { readonly token: string }
  reply.header('Set-Cookie', sessionCookie(token, secureCookies))
  return rest
}

function finished(reply: FastifyReply, { status, revised, paged }: Operation, answer: unknown): unknown {
  if (status !== undefined) reply.code(status)
  if (revised) reply.header('ETag', `"${(answer as { readonly revision: number }).revision}"`)
  return paged ? toCursor(answer as { readonly next?: string }) : answer
}
