/** Every step from an empty database to what `Tables` says, in order. What was released is not changed any more. */
import type { Kysely } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'
import type { ColumnTypes } from '../dialect.ts'
import { up as start } from './001-start.ts'

type Step = (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>

const steps: Readonly<Record<string, Step>> = { '001-start': start }

export function migrations(types: ColumnTypes): MigrationProvider {
  const bound = Object.entries(steps).map(([name, step]): [string, Migration] => [name, { up: db => step(db, types) }])
  return { getMigrations: async () => Object.fromEntries(bound) }
}
