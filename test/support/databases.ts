/** Runs a suite on SQLite, and on a PostgreSQL of its own. */
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe } from 'node:test'
import { folderOf, missingPeers } from './peers.ts'

/** @returns the URL of an empty database that nobody else has, and that is gone when the process ends */
export type OpenDatabase = () => Promise<string>

/**
 * Defines the suite once for each database. Where PostgreSQL is missing its suite is skipped aloud, but never with `CI=true`.
 *
 * @param suite gets the name of the database, and what makes one
 */
export function eachDatabase(suite: (name: string, open: OpenDatabase) => void): void {
  describe('SQLite', () => suite('SQLite', sqlite()))
  const missing = missingPeers(['postgres'])
  if (missing !== undefined && process.env.CI === 'true') throw new Error(missing)
  describe('PostgreSQL', { skip: missing ?? false }, () => suite('PostgreSQL', postgres()))
}

function sqlite(): OpenDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-sqlite-'))
  let count = 0
  after(() => rmSync(folder, { recursive: true, force: true }))
  return async () => `sqlite:${join(folder, `${++count}.db`)}`
}

function postgres(): OpenDatabase {
  let cluster: Promise<Cluster> | undefined
  let count = 0
  after(async () => (await cluster)?.end())
  return async () => {
    cluster ??= startCluster()
    const { folder } = await cluster
    const name = `test${++count}`
    execFileSync(join(bin(), 'createdb'), ['-h', folder, '-U', user, name])
    return `postgres://${user}@localhost/${name}?host=${encodeURIComponent(folder)}`
  }
}

const user = 'keytether'

interface Cluster {
  /** Where its socket is. */
  readonly folder: string
  end(): Promise<void>
}

/** Ends the server and removes what is left when its standard input ends, as it does however this process ends. */
const guard = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= &
cat >/dev/null
kill -INT $!
wait
rm -rf "$2"
`

async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-postgres-'))
  const as = await servant(folder)
  const data = join(folder, 'data')
  const settings = ['--auth=trust', `--username=${user}`, '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(join(bin(), 'initdb'), ['-D', data, ...settings], { ...as, cwd: folder, stdio: 'pipe' })
  const server = spawn('sh', ['-c', guard, 'sh', bin(), folder], { ...as, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
  const lines = createInterface({ input: server.stderr })
  const said: string[] = []
  for await (const line of lines) {
    said.push(line)
    if (line.includes('ready to accept connections')) break
  }
  if (!existsSync(join(folder, '.s.PGSQL.5432'))) throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
  server.stderr.resume()
  return {
    folder,
    async end() {
      const ended = once(server, 'exit')
      server.stdin.end()
      await ended
    },
  }
}

/** PostgreSQL refuses to be run by root. */
async function servant(folder: string): Promise<Pick<SpawnOptions, 'uid' | 'gid'>> {
  if (process.getuid?.() !== 0) return {}
  const id = (which: string) => Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))
  const as = { uid: id('-u'), gid: id('-g') }
  await chown(folder, as.uid, as.gid)
  return as
}

function bin(): string {
  return folderOf('postgres')
}
