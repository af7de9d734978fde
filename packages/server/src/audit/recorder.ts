/** Puts each request on record before its answer leaves. What cannot be recorded is not answered. */
import { createHash, hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ProblemCode } from '@keytether/api'
import type { Caller, Hsm, RequestContext } from '@keytether/hsm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pathWithoutSecrets, refuse, refusedWith } from '../answers.ts'
import { Unknowns } from './unknowns.ts'

/** What a route says about itself, for the record: see `Route`. */
interface Recorded {
  readonly operation?: string | undefined
  readonly unrecorded?: true | undefined
  readonly secret?: true | undefined
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly recorded?: Recorded
  }
}

export interface Asked extends RequestContext {
  readonly address: string
  /** None: nobody who is known. */
  caller?: Caller
  /** SHA-256 of the body, base64, where all of it came. */
  input?: string
}

type Append = Hsm['audit']['record']

export class Recorder {
  readonly #append: Append
  readonly #asked = new WeakMap<FastifyRequest, Asked>()
  readonly #answered = new WeakSet<FastifyRequest>()
  readonly #unknowns = new Unknowns()

  constructor(append: Append) {
    this.#append = append
  }

  /** @param address where it comes from */
  begin(request: FastifyRequest, address: string): Asked {
    const asked = { id: request.id, uses: [], refused: [], address }
    this.#asked.set(request, asked)
    return asked
  }

  /** What is known of a request that has begun. */
  of(request: FastifyRequest): Asked {
    return this.#asked.get(request)!
  }

  body(request: FastifyRequest, body: Uint8Array): void {
    this.of(request).input = hash('sha256', body, 'base64')
  }

  /** What is read of it later. */
  bodyAsItComes(request: FastifyRequest, body: Readable): void {
    const digest = createHash('sha256')
    // Where it is paused, somebody who listens changes nothing: it hears what others read.
    body.pause().on('data', chunk => digest.update(chunk))
    body.once('end', () => {
      this.of(request).input = digest.digest('base64')
    })
  }

  /**
   * Before an answer leaves.
   *
   * @returns what is answered: something else if this cannot be recorded
   */
  async answer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const asked = this.#asked.get(request)
    // Where it did not come so far that anybody asked who sent it, it did not come to anything.
    if (asked === undefined || this.#answered.has(request)) return payload
    this.#answered.add(request)
    const outcome = refusedWith(request) ?? 'OK'
    const { operation, unrecorded } = request.routeOptions.config.recorded ?? {}
    if (outcome === 'OK' && (unrecorded || operation === undefined)) return payload
    const repeated = isKnown(asked.caller) ? 0 : this.#unknown(request)
    if (repeated === undefined) return payload
    const streamed = payload instanceof Readable
    try {
      await this.#record(request, reply, streamed && request.method !== 'GET' ? 'STARTED' : outcome, repeated)
    } catch (error) {
      if (streamed) payload.destroy()
      return refuse(error, request, reply)
    }
    return streamed && request.method !== 'GET' ? Readable.from(this.#toTheEnd(request, reply, payload)) : payload
  }

  /** @returns how many are told of with this one; undefined: nothing was shown, or too many are */
  #unknown({ headers, raw, routeOptions }: FastifyRequest): number | undefined {
    const certified = raw.socket instanceof TLSSocket && raw.socket.authorized
    const shown = headers.authorization ?? headers.cookie ?? (certified || routeOptions.config.open)
    return shown ? this.#unknowns.next() : undefined
  }

  /** What breaks off is recorded, too; the end of what is answered wholly comes after its record. */
  async *#toTheEnd(request: FastifyRequest, reply: FastifyReply, payload: Readable): AsyncGenerator<Uint8Array> {
    let outcome: ProblemCode | 'OK' | 'BROKEN_OFF' = 'BROKEN_OFF'
    try {
      yield* payload
      outcome = 'OK'
    } finally {
      await this.#record(request, reply, outcome)
    }
  }

  #record(request: FastifyRequest, { statusCode }: FastifyReply, outcome: string, repeated = 0): Promise<void> {
    const { operation, secret } = request.routeOptions.config.recorded ?? {}
    const { id, caller, address, uses, refused, input } = this.of(request)
    return this.#append(caller?.tenant ?? null, {
      id,
      ...(operation !== undefined && { operation }),
      asked: `${request.method} ${pathWithoutSecrets(request)}`,
      ...(isKnown(caller) && { principal: caller.principal, name: caller.name, credential: caller.login.credential }),
      address,
      ...(input !== undefined && !secret && { input }),
      ...(uses.length > 0 && {
        uses: uses.map(({ verb, key, keyName: name, version, device }) => ({ verb, key, name, version, device })),
      }),
      ...(refused.length > 0 && { refused }),
      ...(repeated > 0 && { repeated }),
      status: statusCode,
      outcome,
    })
  }
}

function isKnown(caller: Caller | undefined): caller is Caller {
  return caller !== undefined && caller.principal !== ''
}
