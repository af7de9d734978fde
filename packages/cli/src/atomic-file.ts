/** Files with secrets, and files that others wait for: there whole or not at all. */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Durable when it returns, readable by this user alone. */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await using file = await open(draft, 'wx', 0o600)
    await file.writeFile(content)
    await file.sync()
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await using folder = await open(dirname(path))
  await folder.sync()
}

/** Durable when it returns, readable by this user alone. Nothing is ever replaced: a share that is lost is lost. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** What stands in a file, without the end of its last line; it is made if it is not there. */
export async function readOrMake(path: string, make: () => string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trimEnd()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const text = make()
  await writePrivateFile(path, `${text}\n`)
  return text
}
