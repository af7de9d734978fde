/** How much tenants may have, and ask for. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tenant_limits')
    .addColumn('tenant_id', 'text', column => column.primaryKey().references('tenants.id'))
    .addColumn('limits', 'text', column => column.notNull())
    .execute()
}
