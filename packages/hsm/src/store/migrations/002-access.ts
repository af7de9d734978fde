/** What credentials are narrowed to, certificates beside tokens, and from where a tenant's principals log in. */
import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../dialect.ts'

export async function up(db: Kysely<unknown>, { bytes }: ColumnTypes): Promise<void> {
  await db.schema.alterTable('tenants').addColumn('addresses', 'text').execute()
  await db.schema
    .createTable('authorities')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('tenant_id', 'text', column => column.notNull().references('tenants.id'))
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('certificate', bytes, column => column.notNull())
    .addColumn('revocations', bytes)
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('revision', 'integer', column => column.notNull())
    .addUniqueConstraint('authorities_name', ['tenant_id', 'name'])
    .execute()
  const credentials = () => db.schema.alterTable('credentials')
  await credentials()
    .addColumn('kind', 'text', column => column.notNull().defaultTo('token'))
    .execute()
  await credentials()
    .addColumn('authority_id', 'text', column => column.references('authorities.id'))
    .execute()
  // SQLite adds one column at a time.
  for (const column of ['identity', 'roles', 'tags', 'addresses'])
    await credentials().addColumn(column, 'text').execute()
}
