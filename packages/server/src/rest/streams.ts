/** Operations whose bodies and answers are bytes of any length: nothing holds them as a whole. */
import { Readable } from 'node:stream'
import { cryptographyStreams, type StreamOperation } from '@keytether/api'
import type { Caller, Hsm } from '@keytether/hsm'
import type { z } from 'zod'
import type { Route } from '../api.ts'
import { maybeBytes } from './bytes.ts'
import { demandRole } from './roles.ts'
import { demandText } from './text.ts'
import type { Turnstile } from './turnstile.ts'

type Streams = typeof cryptographyStreams

interface Asked<S extends StreamOperation> {
  readonly caller: Caller
  readonly query: z.output<S['query']>
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

/** Resolves when it is known that there is an answer. */
type StreamHandler<S extends StreamOperation> = (hsm: Hsm, asked: Asked<S>) => Promise<AsyncIterable<Uint8Array>>

const handlers: { readonly [N in keyof Streams]: StreamHandler<Streams[N]> } = {
  async encryptStream({ cryptography }, { caller, query, body, signal }) {
    const options = { reference: query.reference, ...maybeBytes('associatedData', query.associatedData) }
    return (await cryptography.envelopes.seal(caller, names(query), body, options, signal)).envelope
  },
  async decryptStream({ cryptography }, { caller, query, body, signal }) {
    const options = maybeBytes('associatedData', query.associatedData)
    return (await cryptography.envelopes.open(caller, names(query), body, options, signal)).payload
  },
}

export function streamRoutes(turnstile: Turnstile): readonly Route<Hsm>[] {
  return Object.keys(handlers).map(name => route(name as keyof Streams, turnstile))
}

function route(name: keyof Streams, turnstile: Turnstile): Route<Hsm> {
  const operation: StreamOperation = cryptographyStreams[name]
  const handler = handlers[name] as StreamHandler<StreamOperation>
  return {
    method: 'POST',
    path: operation.path,
    operation: name,
    query: operation.query,
    bytes: true,
    admit: (_, caller) => demandRole(name, operation, caller),
    async run(hsm, call, reply) {
      demandText(call.query)
      const entered = turnstile.enter(call.caller, operation.rate)
      const request = call.body as Readable
      try {
        const body = request.iterator({ destroyOnReturn: false })
        const parts = await handler(hsm, { ...call, body } as Asked<StreamOperation>)
        reply.type('application/octet-stream')
        return Readable.from(parts, { objectMode: false }).once('close', () => entered[Symbol.dispose]())
      } catch (error) {
        entered[Symbol.dispose]()
        // A client that is still sending would not hear the answer.
        request.resume()
        throw error
      }
    },
  }
}

function names({ key }: { readonly key: readonly string[] }): [string, ...string[]] {
  return key as [string, ...string[]]
}
