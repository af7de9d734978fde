/**
 * An HTTP server that answers one request after the other as it is told, whatever they are, and keeps what came. Who asks for a
 * WebSocket is told that there is none, as by any server of this protocol, and is not counted.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A body in hexadecimal, sent with 200; a status; or whatever the function does. */
export type Reply = string | number | ((response: ServerResponse, request: IncomingMessage) => void)

export interface Received {
  readonly method: string
  readonly url: string
  /** Names as they came, in the order in which they came. */
  readonly headerNames: readonly string[]
  readonly headers: IncomingMessage['headers']
  /** In lower-case hexadecimal. */
  readonly body: string
  /** The client's port: which connection it was. */
  readonly port: number | undefined
}

export interface ScriptedServer extends AsyncDisposable {
  /** With a path, `/rt/hsm`. */
  readonly url: string
  readonly requests: readonly Received[]
}

/** @param replies in order; after the last one, 204 */
export async function scriptedServer(
  replies: readonly Reply[],
  tls?: { readonly cert: string; readonly key: string },
): Promise<ScriptedServer> {
  const left = [...replies]
  const requests: Received[] = []
  const listener: RequestListener = async (request, response) => {
    if (request.headers.upgrade !== undefined) {
      response.writeHead(405).end()
      return
    }
    const body = Buffer.concat(await request.toArray().catch(() => [])).toString('hex')
    const { method = '', url = '', headers, rawHeaders, socket } = request
    const headerNames = rawHeaders.filter((_, index) => index % 2 === 0)
    requests.push({ method, url, headers, headerNames, body, port: socket.remotePort })
    const reply = left.shift() ?? 204
    if (typeof reply === 'function') reply(response, request)
    else if (typeof reply === 'number') response.writeHead(reply).end()
    else sendTemplate(response, reply)
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/rt/hsm`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @param body in hexadecimal, with or without spaces */
export function sendTemplate(response: ServerResponse, body: string, headers: Record<string, string | string[]> = {}) {
  const bytes = Buffer.from(body.replaceAll(' ', ''), 'hex')
  response.writeHead(200, { 'Content-Length': bytes.length, ...headers }).end(bytes)
}
