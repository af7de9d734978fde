/** What differs between databases. */
import type { Dialect, RawBuilder } from 'kysely'

export interface ColumnTypes {
  readonly bytes: RawBuilder<unknown>
  /** Integers that the database counts up. */
  readonly sequence: RawBuilder<unknown>
}

/** - `conflict` it may go well when it is done again · `unavailable` the database can do nothing at the moment */
export type Trouble = 'conflict' | 'unavailable'

export interface Database {
  readonly kind: 'SQLite' | 'PostgreSQL'
  /** For people, with where it is; never a password. */
  readonly name: string
  /** One connection, which has the database to itself for as long as it lives. */
  readonly writer: Dialect
  /** Sees what is committed, while others write; none: the writer does this, too, when no transaction is open. */
  readonly reader: Dialect | undefined
  readonly types: ColumnTypes
  /** What an error of the database is, if it is not the fault of what was asked. */
  trouble(error: unknown): Trouble | undefined
  /** When the connections are closed. */
  close(): void
}
