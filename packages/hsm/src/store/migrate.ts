/** From the tables that a database has to those of this version: forwards only. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { HsmError } from '../errors.ts'
import { backupDatabase } from './backup.ts'
import type { Database } from './dialect.ts'
import { steps as everyStep, type Steps } from './migrations/index.ts'
import type { Tables } from './tables.ts'

/** What a database has seen, and what is to come. */
export interface MigrationPlan {
  /** Names of steps that were done; none: it is new. */
  readonly done: readonly string[]
  readonly pending: readonly string[]
}

export interface Migrated extends MigrationPlan {
  /** Where what there was before is kept; none: there was nothing, nothing had to be done, or the database makes its own copies. */
  readonly copy?: string
}

const log = 'kysely_migration'

/**
 * What would be done, without doing it or disturbing a service that has the database.
 *
 * @param url as of `openStore`
 * @throws HsmError `DATABASE` if a newer version has made it, or it cannot be read
 */
export async function planMigrations(url: string): Promise<MigrationPlan> {
  try {
    return planOf(await namesAt(url), everyStep)
  } catch (error) {
    if (error instanceof HsmError) throw error
    const { message } = error as Error
    throw new HsmError('DATABASE', `cannot read the database: ${message}`, { cause: error })
  }
}

/**
 * Does all steps or none. A SQLite database is copied before.
 *
 * @param url as of `openStore`
 * @throws HsmError `DATABASE` if a newer version has made it
 */
export async function migrate(
  db: Kysely<Tables>,
  { kind, types }: Database,
  url: string,
  steps: Steps = everyStep,
): Promise<Migrated> {
  const plan = planOf(await namesIn(db), steps)
  if (plan.pending.length === 0) return plan
  const copy = kind === 'SQLite' && plan.done.length > 0 ? await keepCopy(url, plan.pending[0]!) : undefined
  const bound = Object.entries(steps).map(([name, step]): [string, Migration] => [name, { up: db => step(db, types) }])
  const provider = { getMigrations: async () => Object.fromEntries(bound) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw error
  return { ...plan, ...(copy !== undefined && { copy }) }
}

function planOf(done: readonly string[], steps: Steps): MigrationPlan {
  const newer = done.filter(name => !(name in steps))
  if (newer.length > 0) {
    const message = `it was made by a newer version of Keytether, with ${newer.join(', ')}; run that one, or restore a backup`
    throw new HsmError('DATABASE', message)
  }
  return { done, pending: Object.keys(steps).filter(name => !done.includes(name)) }
}

async function keepCopy(url: string, next: string): Promise<string | undefined> {
  const path = url.slice('sqlite:'.length)
  if (path === ':memory:') return undefined
  const copy = `${path}.before-${next}`
  await backupDatabase(url, copy)
  return copy
}

async function namesIn(db: Kysely<Tables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === log)) return []
  const rows = db as unknown as Kysely<{ [log]: { readonly name: string } }>
  return (await rows.selectFrom(log).select('name').orderBy('name').execute()).map(({ name }) => name)
}

/** By connections of its own, which write nothing. */
async function namesAt(url: string): Promise<string[]> {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (path !== undefined) return path === ':memory:' || !existsSync(path) ? [] : namesInFile(path)
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows: found } = await client.query('select to_regclass($1) as log', [log])
    if (found[0].log === null) return []
    const { rows } = await client.query<{ name: string }>(`select name from ${log} order by name`)
    return rows.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

function namesInFile(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    const [found] = database.prepare("select name from sqlite_master where type = 'table' and name = ?").all(log)
    if (found === undefined) return []
    return database
      .prepare(`select name from ${log} order by name`)
      .all()
      .map(({ name }) => String(name))
  } finally {
    database.close()
  }
}
