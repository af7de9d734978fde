/**
 * At most one process uses a folder.
 *
 * The lock is a name that the kernel forgets with the process, however that ends, so there is never a stale one.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { CliError } from './errors.ts'

/** @param path of something that exists */
export async function lock(path: string): Promise<AsyncDisposable> {
  // Names of sockets that are in no file system exist on Linux alone; elsewhere nothing guards the file.
  if (process.platform !== 'linux') return { [Symbol.asyncDispose]: async () => {} }
  const hash = createHash('sha256').update(realpathSync(path)).digest('hex')
  const name = `\0keytether-${process.getuid?.()}-${hash}`
  // Whoever asks is told who has it.
  const server = createServer(socket => socket.on('error', () => {}).end(String(process.pid)))
  server.listen(name).unref()
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const hint = 'end that one, or choose another place'
    throw new CliError('failed', `${path} is in use by another keytether${await holder(name)}`, [hint])
  }
  return {
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const holderMs = 1_000

/** Empty if it does not say. */
async function holder(name: string): Promise<string> {
  const socket = connect(name)
  socket.setTimeout(holderMs, () => socket.destroy())
  const pid = await text(socket).catch(() => '')
  return /^\d+$/.test(pid) ? `, process ${pid}` : ''
}
