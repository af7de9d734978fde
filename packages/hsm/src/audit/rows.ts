/** Records as rows: many with few statements, whose texts are known to the database already. */
import { CompiledQuery, type Transaction } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Row, Tables } from '../store/tables.ts'

const columns = ['chain', 'seq', 'at', 'actor', 'operation', 'outcome', 'request', 'line'] as const
/** How many rows a statement inserts. */
const sizes = [64, 16, 4, 1] as const

export async function insertRows(
  db: Transaction<Tables>,
  kind: Store['kind'],
  rows: readonly Row<'audit'>[],
): Promise<void> {
  let next = 0
  for (const size of sizes) {
    for (; rows.length - next >= size; next += size) {
      const values = rows.slice(next, next + size).flatMap(row => columns.map(column => row[column]))
      await db.executeQuery(CompiledQuery.raw(insertion(kind, size), values))
    }
  }
}

const insertions = new Map<string, string>()

function insertion(kind: Store['kind'], size: number): string {
  const name = `${kind} ${size}`
  const known = insertions.get(name)
  if (known !== undefined) return known
  const placeholder = (index: number) => (kind === 'PostgreSQL' ? `$${index + 1}` : '?')
  const row = (index: number) => `(${columns.map((_, at) => placeholder(index * columns.length + at)).join(', ')})`
  const rows = Array.from({ length: size }, (_, index) => row(index)).join(', ')
  const text = `insert into audit (${columns.join(', ')}) values ${rows}`
  insertions.set(name, text)
  return text
}
