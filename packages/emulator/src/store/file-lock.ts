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

export class FileLock {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /**
   * Takes the lock of a file, which is made if it is not there, holds the number of our process from now on, and is never
   * removed. Windows has no such lock; there, nothing guards the file.
   *
   * @returns who has the lock, if another process, or another opening of this one, has it
   */
  static async take(path: string): Promise<FileLock | { readonly holder: string }> {
    const file = await open(path, 'a+', 0o600)
    try {
      if (!isFree(file, path)) {
        const content = await file.readFile('utf8')
        await file.close()
        return { holder: /^\d+\n$/.test(content) ? `process ${content.trim()}` : 'another process' }
      }
      await file.truncate()
      await file.write(`${process.pid}\n`)
      return new FileLock(file)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  release(): Promise<void> {
    return this.#file.close()
  }
}

function isFree({ fd }: FileHandle, path: string): boolean {
  if (process.platform === 'win32') return true
  const flock = koffi.load(null).func('int flock(int fd, int operation)')
  if (flock(fd, lockExclusive | lockNonblocking) === 0) return true
  const errno = koffi.errno()
  if (errno === koffi.os.errno.EWOULDBLOCK) return false
  throw new Error(`${path} cannot be locked (errno ${errno}): is it on a local file system?`)
}
