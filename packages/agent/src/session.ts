/** One session: a card is introduced to a server, which then has commands carried out on it until it is done. */
import { Connection, type ConnectionOptions } from './connection.ts'
import type { ExecuteOptions } from './execute.ts'
import { runHttpSession } from './http-session.ts'
import { openWebSocket } from './websocket.ts'
import { WebSocketSession } from './websocket-session.ts'

export interface SessionOptions extends ConnectionOptions, ExecuteOptions {
  /**
   * `auto`, the default, asks the server for a WebSocket first and goes on with RAMOverHTTP if it does not get one; `http`
   * does not ask.
   */
  readonly transport?: 'auto' | 'http'
  /** Ends the session: the server is told, with the reason if that is a text, then the call throws. */
  readonly signal?: AbortSignal
}

/**
 * Resolves when the server ends the session in order. The channel stays open; what is logged in, stays so.
 *
 * @throws SessionError
 */
export async function runSession(options: SessionOptions): Promise<void> {
  using connection = new Connection(options)
  if (options.transport !== 'http') {
    const line = await openWebSocket(connection, options.signal)
    if (line && (await new WebSocketSession(line, options).run())) return
  }
  await runHttpSession(connection, options)
}
