/** Sessions of this user with services: a file for each, with the token in its first line. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { writePrivateFile } from '../atomic-file.ts'

/**
 * @param url of the service
 * @see XDG Base Directory Specification
 */
function placeOf(url: string): string {
  const base = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  return join(base, 'keytether', 'sessions', encodeURIComponent(url))
}

export async function storedSession(url: string): Promise<string | undefined> {
  try {
    return (await readFile(placeOf(url), 'utf8')).split(/\r?\n/, 1)[0]!
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @returns the file */
export async function storeSession(url: string, token: string): Promise<string> {
  const file = placeOf(url)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writePrivateFile(file, `${token}\n`)
  return file
}

export async function forgetSession(url: string): Promise<void> {
  await rm(placeOf(url), { force: true })
}
