/**
 * At most one process uses a folder.
 *
 * The lock is a name that the kernel forgets with the process, however that ends, so there is never a stale one.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { CliError } from './errors.ts'

/** @param path of something that exists */
export async function lock(path: string): Promise<AsyncDisposable> {
  // Names of sockets that are in no file system exist on Linux alone; elsewhere nothing guards the file.
  if (process.platform !== 'linux') return { [Symbol.asyncDispose]: async () => {} }
  const name = createHash('sha256').update(realpathSync(path)).digest('hex')
  const server = createServer(socket => socket.destroy())
  server.listen(`\0keytether-${process.getuid?.()}-${name}`).unref()
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new CliError('failed', `${path} is in use by another keytether`, ['end that one, or choose another place'])
  }
  return {
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve))
    },
  }
}
