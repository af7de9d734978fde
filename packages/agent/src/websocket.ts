/** Asking a server whether it speaks RAM over a WebSocket. */
import type { Socket } from 'node:net'
import { ramMessageLimits, ramSubprotocol } from '@keytether/card'
import { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import { connectionError } from './connection-error.ts'
import { SessionError } from './errors.ts'

export interface Line {
  readonly socket: WebSocket
  /** What it runs over. */
  readonly stream: Socket
}

/** A proxy that does not know what to do with the question may never answer it. */
const patienceMs = 10_000
const sameByHttp = new Set(['HOST', 'CONNECT', 'UNTRUSTED', 'TIMEOUT', 'CANCELLED'])

/**
 * @returns undefined if server or proxy, whatever they say, do not take the question as it is meant
 * @throws SessionError if there is no way to the server at all
 */
export async function openWebSocket(
  { http, introduction }: Connection,
  signal?: AbortSignal,
): Promise<Line | undefined> {
  const url = new URL(http.url)
  const secure = url.protocol === 'https:'
  url.username = url.password = url.hash = ''
  let connected = false
  let stream: Socket | undefined
  const socket = new WebSocket(url, [ramSubprotocol], {
    agent: http.agent,
    headers: { ...http.credentials, ...introduction, 'X-Admin-Protocol': 'openscdp-remote-admin/1.0' },
    perMessageDeflate: false,
    maxPayload: ramMessageLimits.bytes,
    finishRequest(request) {
      request.on('socket', used => {
        connected = request.reusedSocket
        used.once(secure ? 'secureConnect' : 'connect', () => (connected = true))
      })
      request.end()
    },
  })
  socket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<Line | undefined>()
  const late = () => {
    if (connected) resolve(undefined)
    else reject(new SessionError('TIMEOUT', `cannot connect: no answer within ${patienceMs / 1000} s`))
  }
  const timer = setTimeout(late, patienceMs)
  const onAbort = () => reject(new SessionError('CANCELLED', String(signal?.reason ?? 'cancelled')))
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort)
  socket.on('upgrade', response => (stream = response.socket))
  socket.on('open', () => resolve({ socket, stream: stream! }))
  socket.on('unexpected-response', () => resolve(undefined))
  socket.on('error', cause => {
    const error = connectionError(cause, { connected, fresh: true, secure })
    if (sameByHttp.has(error.code)) reject(error)
    else resolve(undefined)
  })
  try {
    const line = await promise
    if (line === undefined) socket.terminate()
    return line
  } catch (error) {
    socket.terminate()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
