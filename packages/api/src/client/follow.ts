/** Events as they happen, over as many connections as it takes: after a lost one it goes on where it was, without a gap. */

import { Event } from '../events.ts'
import type { QueryInput } from '../operation.ts'
import type { Operations } from '../operations.ts'
import { parsed, refusal, search, textOf } from './client.ts'
import { ApiError } from './errors.ts'
import { pause } from './retry.ts'
import { isEventStream, messages } from './server-sent.ts'
import { ConnectionLost, type Incoming, type Send } from './transport.ts'

export interface FollowOptions {
  readonly send: Send
  readonly query?: Omit<QueryInput<Operations['listEvents']>, 'cursor' | 'limit'>
  /** The id of the last event that is known already. */
  readonly after?: string
  readonly signal?: AbortSignal | undefined
}

const [firstPauseMs, longestPauseMs] = [500, 10_000]

/**
 * Goes on until the signal is aborted.
 *
 * @throws ApiError when the service does not want it
 */
export async function* followEvents({ send, query, after, signal }: FollowOptions): AsyncGenerator<Event> {
  let last = after
  for (let pauseMs = firstPauseMs; !signal?.aborted; ) {
    try {
      for await (const { id, data } of messages(await subscribed(send, query, last, signal))) {
        pauseMs = firstPauseMs
        last = id ?? last
        if (data !== undefined) yield Event.parse(JSON.parse(data))
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!mayPass(error)) throw error
    }
    await pause(pauseMs, signal).catch(() => {})
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
  }
}

async function subscribed(
  send: Send,
  query: FollowOptions['query'],
  last: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Incoming> {
  const incoming = await send({
    method: 'GET',
    path: `/v1/events${search(query)}`,
    headers: { Accept: 'text/event-stream', ...(last !== undefined && { 'Last-Event-ID': last }) },
    timeoutMs: 40_000,
    signal,
  })
  if (isEventStream(incoming)) return incoming
  throw refusal(incoming, parsed(await textOf(incoming)))
}

function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true
  return error instanceof ApiError && [429, 502, 503, 504].includes(error.status)
}
