/** What differs between databases. */
import type { Dialect, RawBuilder } from 'kysely'

export interface ColumnTypes {
  readonly bytes: RawBuilder<unknown>
  /** Integers that the database counts up. */
  readonly sequence: RawBuilder<unknown>
}

export interface Database {
  readonly dialect: Dialect
  readonly types: ColumnTypes
}
