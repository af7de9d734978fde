/** What the demonstration keeps: its secrets, its tokens, its database, and for others the way in. */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readOrMake, writePrivateFile } from '../atomic-file.ts'

/** An emulated token. */
interface TokenFiles {
  readonly stateFile: string
  readonly log: string
}

export interface DataFolder {
  readonly path: string
  /** Opens the API. */
  readonly token: string
  readonly pin: string
  readonly soPin: string
  readonly pinFile: string
  /** The share of the tokens' key domain, and the password that opens it. */
  readonly shareFile: string
  readonly sharePassword: string
  readonly tokens: readonly TokenFiles[]
  readonly database: string
  /** What opens the secrets in the database. */
  readonly masterKey: string
  readonly serviceLog: string
  /** Shell variables with which clients find the service; there while it can be used. */
  readonly envFile: string
}

/** Makes what is not there yet. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  await makeFolder(resolve(path))
  const pinFile = join(path, 'pin')
  return {
    path,
    pinFile,
    token: await readOrMake(join(path, 'token'), () => randomBytes(24).toString('base64url')),
    pin: await readOrMake(pinFile, () => String(randomInt(10 ** 8)).padStart(8, '0')),
    soPin: await readOrMake(join(path, 'so-pin'), () => randomBytes(8).toString('hex')),
    shareFile: join(path, 'share.pbe'),
    sharePassword: await readOrMake(join(path, 'share-password'), () => randomBytes(12).toString('base64url')),
    tokens: ['token-1', 'token-2'].map(name => ({
      stateFile: join(path, `${name}.state`),
      log: join(path, `${name}.log`),
    })),
    database: join(path, 'keytether.db'),
    masterKey: await readOrMake(join(path, 'master-key'), () => randomBytes(24).toString('base64url')),
    serviceLog: join(path, 'service.log'),
    envFile: join(path, 'demo.env'),
  }
}

/** Folders above it, too. Not by Node's own recursion, which never ends where the file system denies a folder, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 })
  try {
    await make()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path))
      await make()
    } else if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
}

/** @param variables by name */
export async function writeEnv({ envFile }: DataFolder, variables: Record<string, string>): Promise<AsyncDisposable> {
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`)
  await writePrivateFile(envFile, lines.join(''))
  return { [Symbol.asyncDispose]: () => rm(envFile, { force: true }) }
}

/** Quoted only where the shell needs it, so that plainer readers of such files understand them, too. */
export function shellQuoted(text: string): string {
  if (/^[\w./:@-]+$/.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}
