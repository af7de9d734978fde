/** A PostgreSQL of this process alone: a cluster in a temporary folder, reached by its socket there. */
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { folderOf } from './peers.ts'

export interface Cluster {
  /** @returns the URL of a new and empty database */
  createDatabase(): string
  /** What pg_dump and others of its programs are to be called with to meet this database. */
  program(name: string, url: string): readonly string[]
  end(): Promise<void>
}

const user = 'keytether'

/** Ends the server and removes what is left when its standard input ends, as it does however this process ends. */
const guard = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= &
cat >/dev/null
kill -INT $!
wait
rm -rf "$2"
`

export async function startCluster(): Promise<Cluster> {
  const bin = folderOf('postgres')
  const folder = mkdtempSync(join(tmpdir(), 'keytether-postgres-'))
  const as = await servant(folder)
  const data = join(folder, 'data')
  const settings = ['--auth=trust', `--username=${user}`, '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(join(bin, 'initdb'), ['-D', data, ...settings], { ...as, cwd: folder, stdio: 'pipe' })
  const server = spawn('sh', ['-c', guard, 'sh', bin, folder], { ...as, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
  const lines = createInterface({ input: server.stderr })
  const said: string[] = []
  for await (const line of lines) {
    said.push(line)
    if (line.includes('ready to accept connections')) break
  }
  if (!existsSync(join(folder, '.s.PGSQL.5432'))) throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
  server.stderr.resume()
  let count = 0
  return {
    createDatabase() {
      const name = `test${++count}`
      execFileSync(join(bin, 'createdb'), ['-h', folder, '-U', user, name])
      return `postgres://${user}@localhost/${name}?host=${encodeURIComponent(folder)}`
    },
    program: (name, url) => [join(bin, name), '-h', folder, '-U', user, '-d', new URL(url).pathname.slice(1)],
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
