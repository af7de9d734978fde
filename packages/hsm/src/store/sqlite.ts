/** SQLite as Node brings it. What is committed is on the disk: WAL, and a sync with every commit. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { type SqliteDatabase, SqliteDialect, sql } from 'kysely'
import type { Database } from './dialect.ts'

/** @param path `:memory:` for a database that ends with the process */
export function sqlite(path: string): Database {
  return {
    dialect: new SqliteDialect({ database: async () => open(path) }),
    types: { bytes: sql`blob`, sequence: sql`integer` },
  }
}

function open(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on'])
    database.exec(`pragma ${pragma}`)
  return {
    close: () => database.close(),
    prepare(text) {
      const statement = database.prepare(text)
      const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
      return {
        reader: statement.columns().length > 0,
        all: parameters => statement.all(...values(parameters)),
        run: parameters => statement.run(...values(parameters)),
        iterate: parameters => statement.iterate(...values(parameters)),
      }
    },
  }
}
