/** The database of the service. */
import { Kysely, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'
import { sqlite } from './sqlite.ts'
import type { Tables } from './tables.ts'

export interface Store extends AsyncDisposable {
  /** To read. */
  readonly db: Kysely<Tables>
  /** What one call writes is there wholly or not at all, and durable when the promise resolves. */
  write<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>
}

/**
 * Opens a database and brings it up to date.
 *
 * @param url `sqlite:PATH`, `sqlite::memory:`
 */
export async function openStore(url: string): Promise<Store> {
  const { dialect, types } = sqlite(url.slice('sqlite:'.length))
  const db = new Kysely<Tables>({ dialect })
  const { error } = await new Migrator({ db, provider: migrations(types) }).migrateToLatest()
  if (error !== undefined) throw error
  return {
    db,
    write: work => db.transaction().execute(work),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}
