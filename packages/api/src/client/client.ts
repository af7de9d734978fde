/** The REST API as functions: one for each operation, typed by its declaration. */
import type { Answer, BodyInput, Operation, PathParameters, QueryInput } from '../operation.ts'
import { type Operations, operations } from '../operations.ts'
import { Problem } from '../values.ts'
import { ApiError } from './errors.ts'
import { retried } from './retry.ts'
import type { Incoming, Send } from './transport.ts'

export interface ClientOptions {
  readonly send: Send
  /** Answers are held against the contract to the last member, as tests want it. Default: newer services may say more. */
  readonly strict?: boolean
}

type Call<O extends Operation> = Params<O> &
  Member<'query', QueryInput<O>> &
  Member<'body', BodyInput<O>> & {
    /** Default, where the operation takes one: a new one, which all attempts of this call share. */
    readonly idempotencyKey?: string
    /** The revision that is to be the newest. */
    readonly ifMatch?: number
    readonly signal?: AbortSignal | undefined
  }

type Params<O extends Operation> = [PathParameters<O['path']>] extends [never]
  ? unknown
  : { readonly params: Readonly<Record<PathParameters<O['path']>, string>> }

/** Optional where nothing in it is required. */
type Member<N extends string, T> = [T] extends [undefined]
  ? unknown
  : Record<never, never> extends T
    ? { readonly [K in N]?: T }
    : { readonly [K in N]: T }

export type ClientOf<T extends Readonly<Record<string, Operation>>> = {
  readonly [N in keyof T]: (
    ...[call]: Record<never, never> extends Call<T[N]> ? [call?: Call<T[N]>] : [call: Call<T[N]>]
  ) => Promise<Answer<T[N]>>
}

/** Every function throws ApiError, and whatever `send` throws. */
export type Client = ClientOf<Operations>

/** Longer than the service lets anybody wait. */
const usualMs = 40_000
export const slowMs = 630_000

/** What every call is, whatever its operation. */
interface AnyCall {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly idempotencyKey?: string
  readonly ifMatch?: number
  readonly signal?: AbortSignal | undefined
}

export function createClient(options: ClientOptions): Client {
  return clientOf(operations, options)
}

export function clientOf<T extends Readonly<Record<string, Operation>>>(all: T, options: ClientOptions): ClientOf<T> {
  const functions = Object.entries<Operation>(all).map(([name, operation]) => [
    name,
    (call: AnyCall = {}) => perform(options, operation, call),
  ])
  return Object.fromEntries(functions) as ClientOf<T>
}

async function perform({ send, strict }: ClientOptions, operation: Operation, call: AnyCall): Promise<unknown> {
  const { body, ifMatch, signal } = call
  const idempotencyKey = operation.idempotent ? (call.idempotencyKey ?? crypto.randomUUID()) : undefined
  const request = {
    method: operation.method,
    path: `/v1${filled(operation.path, call.params)}${search(call.query)}`,
    headers: {
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
      ...(ifMatch !== undefined && { 'If-Match': `"${ifMatch}"` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    timeoutMs: operation.rate === 'slow' ? slowMs : usualMs,
    signal,
  }
  const repeatable = operation.method === 'GET' || operation.repeatable === true || idempotencyKey !== undefined
  const answer = await retried(async () => answerOf(await send(request)), { repeatable, signal })
  return strict && operation.answer ? operation.answer.parse(answer) : answer
}

function filled(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name]!))
}

export function search(query: Readonly<Record<string, unknown>> = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter(one => one !== undefined)
      .map((one): [string, string] => [name, String(one)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

/** @throws ApiError, ConnectionLost */
async function answerOf(incoming: Incoming): Promise<unknown> {
  const { status } = incoming
  const text = await textOf(incoming)
  if (status === 204) return undefined
  const type = incoming.header('content-type') ?? ''
  const document = parsed(text)
  if (status >= 200 && status < 300 && type.startsWith('application/json') && document !== undefined) return document
  throw refusal(incoming, document)
}

export function refusal(incoming: Incoming, document: unknown): ApiError {
  const problem = Problem.safeParse(document)
  const after = incoming.header('retry-after')
  const retryAfterMs = after !== undefined && /^\d{1,9}$/.test(after) ? Number(after) * 1_000 : undefined
  return new ApiError(incoming.status, problem.data, retryAfterMs)
}

export async function textOf({ body }: Incoming): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
