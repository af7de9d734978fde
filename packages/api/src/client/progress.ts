/** What an operation tells while it is under way, and its answer. */
import { Problem } from '../values.ts'
import { parsed, refusal, slowMs, textOf } from './client.ts'
import { ApiError } from './errors.ts'
import { isEventStream, messages } from './server-sent.ts'
import { ConnectionLost, type Send } from './transport.ts'

interface Asked {
  readonly send: Send
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly signal?: AbortSignal | undefined
  onProgress(document: unknown): void
}

/** @throws ApiError, ConnectionLost */
export async function withProgress({ send, method, path, signal, onProgress }: Asked): Promise<unknown> {
  const headers = { Accept: 'text/event-stream' }
  const incoming = await send({ method, path: `/v1${path}`, headers, timeoutMs: slowMs, signal })
  if (!isEventStream(incoming)) throw refusal(incoming, parsed(await textOf(incoming)))
  for await (const { event, data } of messages(incoming)) {
    const document = data === undefined ? undefined : parsed(data)
    if (event === 'answer') return document
    if (event === 'problem') {
      const problem = Problem.parse(document)
      throw new ApiError(problem.status, problem)
    }
    if (data !== undefined) onProgress(document)
  }
  throw new ConnectionLost('the connection to the service ended before there was an answer')
}
