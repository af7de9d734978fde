/** A server with nothing but the endpoint for cards. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { RamEndpoint, type RamEndpointOptions } from '../../packages/server/src/ram/endpoint.ts'
import { ramServerOptions } from '../../packages/server/src/ram/http-options.ts'

export interface RamServer extends AsyncDisposable {
  readonly endpoint: RamEndpoint
  readonly port: number
  readonly url: string
  /** Breaks all connections and listens no more, as when the process is killed. */
  kill(): Promise<void>
}

/** @param port to listen at; default any that is free */
export async function startRamServer(options: Partial<RamEndpointOptions> = {}, port = 0): Promise<RamServer> {
  const endpoint = new RamEndpoint({ path: '/', secure: false, onSession: () => {}, ...options })
  const shouldUpgradeCallback = endpoint.wantsUpgrade.bind(endpoint)
  const server = createServer({ ...ramServerOptions, shouldUpgradeCallback })
  const sockets = new Set<Socket>()
  server
    .on('request', (request, response) => endpoint.handle(request, response))
    .on('upgrade', (request, stream, head) => endpoint.upgrade(request, stream, head))
    .on('connection', socket => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const taken = (server.address() as AddressInfo).port
  const kill = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  }
  return {
    endpoint,
    port: taken,
    url: `http://127.0.0.1:${taken}/`,
    kill,
    async [Symbol.asyncDispose]() {
      endpoint.close()
      await kill()
    },
  }
}
