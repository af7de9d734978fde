/** The database of the service. */
import { EventEmitter } from 'node:events'
import { Kysely, type Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Database } from './dialect.ts'
import { type Migrated, migrate } from './migrate.ts'
import { postgres } from './postgres.ts'
import { sqlite } from './sqlite.ts'
import type { Tables } from './tables.ts'
import { Writer } from './writer.ts'

interface StoreEvents {
  doubt: []
  commit: [writes: number, ms: number]
}

export interface Store extends AsyncDisposable {
  readonly kind: Database['kind']
  /** Which it is and where, for people. */
  readonly name: string
  /** What was done when it was opened. */
  readonly migrated: Migrated
  /**
   * `doubt`: it is not known whether something was committed, so what is in memory may not be what is in the database · `commit`: so
   * many writes are durable, after so many milliseconds
   */
  readonly events: EventEmitter<StoreEvents>
  /** How many writes wait for the one that is under way. */
  readonly waiting: number
  /** To read what is committed. Not inside `write`, which gives its own. */
  readonly db: Kysely<Tables>
  /**
   * What one call writes is there wholly or not at all, and durable when the promise resolves. Calls are done one after the other, so
   * what one reads stays so until it is done; together they wait for the disk.
   *
   * @param work waits for nothing but the database and changes nothing else: it may be done again from its beginning
   * @throws HsmError `BUSY`, `DATABASE`, `OUTCOME_UNKNOWN` if the database was lost when it was to commit, and whatever `work` throws
   */
  write<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>
}

/**
 * Opens a database and brings it up to date. One process at a time has it.
 *
 * @param url `sqlite:PATH`, `sqlite::memory:`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`
 * @throws HsmError `DATABASE`
 */
export async function openStore(url: string): Promise<Store> {
  const database = databaseAt(url)
  const writing = new Kysely<Tables>({ dialect: database.writer })
  const reading = database.reader && new Kysely<Tables>({ dialect: database.reader })
  const close = async () => {
    await writing.destroy()
    await reading?.destroy()
    database.close()
  }
  let migrated: Migrated
  try {
    migrated = await migrate(writing, database, url)
  } catch (error) {
    await close()
    throw reasonWhyNot(database.name, error)
  }
  const events = new EventEmitter<StoreEvents>()
  const writer = new Writer(writing, database.trouble, {
    doubt: () => events.emit('doubt'),
    committed: (writes, ms) => events.emit('commit', writes, ms),
  })
  return {
    kind: database.kind,
    name: database.name,
    migrated,
    events,
    db: reading ?? writing,
    get waiting() {
      return writer.waiting
    },
    write: work => writer.write(work),
    async [Symbol.asyncDispose]() {
      await writer.drain()
      await close()
    },
  }
}

function databaseAt(url: string): Database {
  const [, scheme, rest] = /^([a-z]+):(.+)$/s.exec(url) ?? []
  try {
    if (scheme === 'sqlite') return sqlite(rest!)
    if ((scheme === 'postgres' || scheme === 'postgresql') && URL.canParse(url)) return postgres(url)
  } catch (error) {
    throw reasonWhyNot(rest!, error)
  }
  // What came may hold a password.
  throw new HsmError('DATABASE', 'wanted the URL of a database, as sqlite:PATH or postgres://USER@HOST/DATABASE')
}

function reasonWhyNot(name: string, error: unknown): HsmError {
  if (error instanceof HsmError && error.code !== 'DATABASE') return error
  const { message } = error as Error
  return new HsmError('DATABASE', `cannot open the database ${name}: ${message}`, { cause: error })
}
