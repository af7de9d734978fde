/**
 * A lock that the kernel releases with the process that holds it, however that ends: there is never a stale one.
 *
 * @see flock(2)
 * @module
 */
import { type FileHandle, open } from 'node:fs/promises'
import koffi from 'koffi'

const lockExclusive = 2
const lockNonblocking = 4

/**
 * Takes the lock of a file, which is made if it is not there and is never removed. Windows has no such lock; there, nothing
 * guards the file.
 *
 * @returns undefined if another process, or another opening of this one, has it; close the handle to give it back
 */
export async function lockFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, 'a', 0o600)
  if (process.platform === 'win32') return file
  const flock = koffi.load(null).func('int flock(int fd, int operation)')
  if (flock(file.fd, lockExclusive | lockNonblocking) === 0) return file
  const errno = koffi.errno()
  await file.close()
  if (errno === koffi.os.errno.EWOULDBLOCK) return undefined
  throw new Error(`${path} cannot be locked (errno ${errno}): is it on a local file system?`)
}
