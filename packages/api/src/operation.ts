/**
 * How an operation of the REST API is declared: once, for the server that serves it, the clients that call it, the OpenAPI
 * document and the tests.
 */
import type { z } from 'zod'
import type { Role } from './roles.ts'

/** `read` a look at the database · `write` a change of it · `use` of a key on a token · `slow` minutes on a token */
export type RateClass = 'read' | 'write' | 'use' | 'slow'

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v1`, with parameters as `{key}`. */
  readonly path: `/${string}`
  /** What it does, in a line. */
  readonly summary: string
  /** More, where it is needed. */
  readonly description?: string
  /** Who has one of these may. None: everybody who has logged in. */
  readonly roles: readonly Role[]
  /** Who has not logged in may, too: it is a way in itself. */
  readonly open?: true
  readonly rate: RateClass
  /** What has to be so: secrets can be opened. */
  readonly state?: 'unsealed'
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** In bytes, where bodies may be larger than the usual 16 KiB. */
  readonly bodyLimit?: number
  /** Absent: none, status 204. */
  readonly answer?: z.ZodType
  /** Of the answer; default 200. */
  readonly status?: 200 | 201 | 202
  /** The answer is a page: `items`, and where `next` begins. */
  readonly paged?: true
  /** With `Accept: text/event-stream`, what is listed goes on as server-sent events: of these. */
  readonly followed?: z.ZodType
  /** With `Accept: text/event-stream`, how far it is comes as server-sent events, of these; then the answer, as the event `answer`. */
  readonly progress?: z.ZodType
  /** The answer has a `revision`, which is its ETag, and changes may demand one by If-Match. */
  readonly revised?: true
  /** With an Idempotency-Key, it is done once however often it is sent. */
  readonly idempotent?: true
  /** The body or the answer holds a secret: what is kept for the Idempotency-Key is sealed, and the audit log has no hash of the body. */
  readonly secret?: true
  /** A session begins, whose token is in the answer or with the query `cookie` in a cookie; or the one that the request is of ends. */
  readonly session?: 'begins' | 'ends'
  /** Doing it twice does no harm, as with a signature: clients send it again when a connection is lost. Every GET is so. */
  readonly repeatable?: true
}

/** Keeps the types of its schemas. */
export function operation<const O extends Operation>(declared: O): O {
  return declared
}

/** Names of the parameters in a path. */
export type PathParameters<P extends string> = P extends `${string}{${infer N}}${infer R}`
  ? N | PathParameters<R>
  : never

export type Body<O extends Operation> = O extends { readonly body: infer B extends z.ZodType } ? z.output<B> : undefined
export type BodyInput<O extends Operation> = O extends { readonly body: infer B extends z.ZodType }
  ? z.input<B>
  : undefined
export type Query<O extends Operation> = O extends { readonly query: infer Q extends z.ZodType }
  ? z.output<Q>
  : undefined
export type QueryInput<O extends Operation> = O extends { readonly query: infer Q extends z.ZodType }
  ? z.input<Q>
  : undefined
export type Answer<O extends Operation> = O extends { readonly answer: infer A extends z.ZodType }
  ? z.output<A>
  : undefined
export type AnswerInput<O extends Operation> = O extends { readonly answer: infer A extends z.ZodType }
  ? z.input<A>
  : undefined
export type ProgressInput<O extends Operation> = O extends { readonly progress: infer P extends z.ZodType }
  ? z.input<P>
  : undefined
