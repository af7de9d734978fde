/** Whether all of a database can be read, and nothing in it names what is not there. */
import { sql } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Finding } from './finding.ts'

const mostTold = 10

export async function wholeness({ db, kind }: Store): Promise<Finding> {
  const tables = await db.introspection.getTables()
  let rows = 0
  for (const { name } of tables) {
    // PostgreSQL keeps references whole by itself, and notices pages that are damaged when they are read.
    const { rows: all } = await sql<{ size: number }>`select count(*) as size from ${sql.table(name)}`.execute(db)
    rows += Number(all[0]!.size)
  }
  const details = kind === 'SQLite' ? await damage(db) : []
  if (details.length > 0) return { outcome: 'failed', words: 'it is damaged', details }
  return { outcome: 'ok', words: `whole: ${tables.length} tables, ${rows} rows` }
}

/** @see https://www.sqlite.org/pragma.html#pragma_integrity_check */
async function damage(db: Store['db']): Promise<string[]> {
  const pages = await sql<{ integrity_check: string }>`pragma integrity_check(${sql.lit(mostTold)})`.execute(db)
  const references = await sql<{ table: string; parent: string }>`pragma foreign_key_check`.execute(db)
  return [
    ...pages.rows.map(row => row.integrity_check).filter(text => text !== 'ok'),
    ...references.rows
      .slice(0, mostTold)
      .map(({ table, parent }) => `a row of ${table} names one of ${parent} that is not there`),
  ]
}
