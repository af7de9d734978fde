/** SQLite as Node brings it. What is committed is on the disk: WAL, and a sync with every commit. */
import { closeSync, existsSync, openSync, realpathSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Database, Trouble } from './dialect.ts'

/**
 * @param path `:memory:` for a database that ends with the process
 * @throws HsmError `DATABASE` when another process has it
 */
export function sqlite(path: string): Database {
  const inMemory = path === ':memory:'
  if (!inMemory) demandNoHalfRestore(path)
  // Made here, for its owner only: it has hashes of credentials, and secrets that are sealed.
  if (!inMemory) closeSync(openSync(path, 'a', 0o600))
  const lock = inMemory ? undefined : lockOf(path)
  const dialect = (...pragmas: readonly string[]) =>
    new TransactionalDialect({ database: async () => open(path, pragmas) })
  return {
    kind: 'SQLite',
    name: `SQLite ${path}`,
    writer: dialect('journal_mode = wal', 'synchronous = full', 'foreign_keys = on'),
    reader: inMemory ? undefined : dialect('query_only = on'),
    types: { bytes: sql`blob`, sequence: sql`integer` },
    trouble,
    close: () => lock?.close(),
  }
}

/** Where a restore was interrupted, an empty database would take the place of the one that it put aside. */
function demandNoHalfRestore(path: string): void {
  const aside = `${path}.replaced`
  if (existsSync(path) || !existsSync(aside)) return
  throw new HsmError(
    'DATABASE',
    `a restore of ${path} was interrupted: do it again, or move ${aside} back to where it was`,
  )
}

/** Tables are made and changed in transactions like everything else, so that migrations are done wholly or not at all. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class TransactionalDialect extends SqliteDialect {
  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter()
  }
}

/** Beside the database, by whatever name that was opened, a file that is locked for as long as this process lives, however it ends. */
export function lockOf(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${realpathSync(path)}.lock`)
  try {
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    throw new HsmError('DATABASE', `another service has the database ${path} open; end it first`, { cause: error })
  }
}

/** The last changes are in the database itself then, and not beside it. One that is damaged stays as it is. */
export function foldIn(path: string): void {
  try {
    const database = new DatabaseSync(path)
    try {
      database.exec('pragma wal_checkpoint(truncate)')
    } finally {
      database.close()
    }
  } catch {
    // Whoever restores a copy may do so because of that.
  }
}

function open(path: string, pragmas: readonly string[]): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  for (const pragma of pragmas) database.exec(`pragma ${pragma}`)
  const prepared = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(text) {
      const known = prepared.get(text)
      if (known !== undefined) return known
      const statement = prepare(database, text)
      if (prepared.size >= mostPrepared) prepared.clear()
      prepared.set(text, statement)
      return statement
    },
  }
}

const mostPrepared = 500

function prepare(database: DatabaseSync, text: string): SqliteStatement {
  const statement = database.prepare(text)
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: parameters => statement.all(...values(parameters)),
    run: parameters => statement.run(...values(parameters)),
    iterate: parameters => statement.iterate(...values(parameters)),
  }
}

/** @see https://www.sqlite.org/rescode.html: the low byte is the kind */
function trouble(error: unknown): Trouble | undefined {
  const { errcode } = error as { readonly errcode?: number }
  if (errcode === undefined) return undefined
  return kinds[errcode & 0xff]
}

const kinds: Readonly<Record<number, Trouble>> = {
  5: 'conflict',
  8: 'unavailable',
  10: 'unavailable',
  11: 'unavailable',
  13: 'unavailable',
  14: 'unavailable',
}
