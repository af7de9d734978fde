/** What an older version of the service left behind, brought back to life in a folder: see test/vectors/README.md. */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Cluster, startCluster } from './postgres.ts'

const vectors = join(import.meta.dirname, '../vectors/old-service')

/** With SQLite in `keytether.db`, as `service.json` says. */
export function oldServiceOnSqlite(folder: string): void {
  cpSync(join(vectors, 'sqlite'), folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'keytether.db'))
  database.exec(readFileSync(join(folder, 'keytether.sql'), 'utf8'))
  database.close()
}

/** With PostgreSQL in a cluster of its own, to be ended by the caller. */
export async function oldServiceOnPostgres(folder: string): Promise<Cluster> {
  cpSync(join(vectors, 'postgres'), folder, { recursive: true })
  const cluster = await startCluster()
  const url = cluster.createDatabase()
  const [command = '', ...connection] = cluster.program('psql', url)
  const input = readFileSync(join(folder, 'keytether.sql'))
  execFileSync(command, [...connection, '-q', '-v', 'ON_ERROR_STOP=1'], { input, stdio: ['pipe', 'ignore', 'pipe'] })
  const settings = JSON.parse(readFileSync(join(vectors, 'sqlite', 'service.json'), 'utf8'))
  writeFileSync(join(folder, 'service.json'), JSON.stringify({ ...settings, database: url }))
  return cluster
}
