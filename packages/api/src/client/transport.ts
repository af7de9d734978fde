/** What a client sends its requests with: anything that speaks HTTP, here or in a browser. */

export interface Outgoing {
  readonly method: string
  /** With the query, from `/v1` on. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** How long it may take until the answer begins, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface Incoming {
  readonly status: number
  /** @param name in lower case */
  header(name: string): string | undefined
  /** The body, once: @throws ConnectionLost */
  readonly body: AsyncIterable<Uint8Array>
}

/** @throws ConnectionLost; anything else is not tried again */
export type Send = (request: Outgoing) => Promise<Incoming>

/** The service was not reached, or the connection broke before the answer was whole: what was asked may have been done. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/**
 * With `fetch`, as browsers and Node have it.
 *
 * @param url of the service, without `/v1`
 */
export function fetchTransport(url: string, token?: string): Send {
  const base = url.replace(/\/+$/, '')
  const credential = token === undefined ? undefined : { Authorization: `Bearer ${token}` }
  return async ({ method, path, headers, body, timeoutMs, signal }) => {
    const controller = new AbortController()
    const stop = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
    const late = new ConnectionLost(`no answer within ${timeoutMs / 1_000} s`)
    const timer = setTimeout(() => controller.abort(late), timeoutMs)
    try {
      const response = await orLost(
        fetch(`${base}${path}`, {
          method,
          headers: { ...headers, ...credential },
          redirect: 'manual',
          signal: stop,
          ...(body !== undefined && { body }),
        }),
      )
      const { status } = response
      return { status, header: name => response.headers.get(name) ?? undefined, body: chunks(response) }
    } finally {
      clearTimeout(timer)
    }
  }
}

async function* chunks({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await orLost(reader.read())
      if (done) return
      yield value
    }
  } finally {
    // Whoever stops early wants no more of it.
    reader.cancel().catch(() => {})
  }
}

/** `fetch` throws a TypeError whatever the network did. */
async function orLost<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message
    throw new ConnectionLost(`the connection to the service broke: ${reason}`, { cause })
  }
}
