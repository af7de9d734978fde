/**
 * Server-sent events: what was not taken yet is not made yet, so nobody who reads slowly costs memory.
 *
 * @see HTML, 9.2
 */
import { Readable } from 'node:stream'

export interface StreamItem {
  /** With which the client asks to go on after this one. */
  readonly id: string
  /** Absent: only the id is told. */
  readonly data?: unknown
}

/** After that the client logs in again, which it can only if it still may. */
const lifetimeMs = 15 * 60_000
/** How long a client may leave what was sent to it. */
const stalledMs = 60_000

/**
 * @param items undefined: nothing happened for some time
 * @param dropped a client that takes nothing is given up
 */
export function eventStream(items: AsyncIterable<StreamItem | undefined>, dropped: () => void): Readable {
  const stream = Readable.from(lines(items, stall), { objectMode: false, highWaterMark: 16_384 })
  function stall(): void {
    dropped()
    stream.destroy()
  }
  return stream
}

const encoder = new TextEncoder()

async function* lines(items: AsyncIterable<StreamItem | undefined>, stall: () => void): AsyncGenerator<Uint8Array> {
  const end = Date.now() + lifetimeMs
  yield encoder.encode('retry: 2000\n\n')
  for await (const item of items) {
    const timer = setTimeout(stall, stalledMs)
    yield encoder.encode(item === undefined ? ': alive\n\n' : textOf(item))
    clearTimeout(timer)
    if (Date.now() >= end) return
  }
}

function textOf({ id, data }: StreamItem): string {
  return data === undefined ? `id: ${id}\n\n` : `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
