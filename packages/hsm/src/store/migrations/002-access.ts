/** What credentials are narrowed to, and from where a tenant's principals log in. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // SQLite adds one column at a time.
  for (const column of ['roles', 'tags', 'addresses'])
    await db.schema.alterTable('credentials').addColumn(column, 'text').execute()
  await db.schema.alterTable('tenants').addColumn('addresses', 'text').execute()
}
