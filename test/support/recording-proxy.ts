/** What passes between two programs, recorded; and cut where a test wants it. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface RecordingProxy extends AsyncDisposable {
  readonly port: number
  /** Everything, as it passed; of each connection in both directions. */
  recorded(): Buffer
  /** The next connection that asks for something with this text in it breaks when the answer comes. */
  cutAnswerTo(text: string): void
}

export async function recordingProxy(to: { readonly port: number }): Promise<RecordingProxy> {
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  let cut: string | undefined
  const server = createServer(client => {
    const upstream = connect(to.port, '127.0.0.1')
    let doomed = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (cut !== undefined && chunk.includes(cut)) {
        doomed = true
        cut = undefined
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (doomed) client.destroy()
      else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    recorded: () => Buffer.concat(chunks),
    cutAnswerTo(text) {
      cut = text
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
