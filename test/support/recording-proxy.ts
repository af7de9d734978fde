/** What passes between two programs, recorded; and cut where a test wants it. */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

export interface RecordingProxy extends AsyncDisposable {
  readonly port: number
  /** Everything, as it passed; of each connection in both directions. */
  recorded(): Buffer
  /** The next connection that asks for something with this text in it breaks when the answer comes; resolves when it did. */
  cutAnswerTo(text: string): Promise<void>
}

export async function recordingProxy(to: { readonly port: number }): Promise<RecordingProxy> {
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  let cut: { readonly text: string; done(): void } | undefined
  const server = createServer(client => {
    const upstream = connect(to.port, '127.0.0.1')
    let doomed: typeof cut
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
      if (cut !== undefined && chunk.includes(cut.text)) {
        doomed = cut
        cut = undefined
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (doomed === undefined) client.write(chunk)
      else {
        client.destroy()
        doomed.done()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    recorded: () => Buffer.concat(chunks),
    cutAnswerTo(text) {
      const { promise, resolve } = Promise.withResolvers<void>()
      cut = { text, done: resolve }
      return promise
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
