/** Who logs in by the word of somebody else: issuers of tokens with those whom they vouch for, and agents with their keys. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('issuers')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('tenant_id', 'text', column => column.notNull().references('tenants.id').onDelete('cascade'))
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('url', 'text', column => column.notNull())
    .addColumn('audiences', 'text', column => column.notNull())
    .addColumn('algorithms', 'text', column => column.notNull())
    .addColumn('name_claim', 'text', column => column.notNull())
    .addColumn('rules', 'text', column => column.notNull())
    .addColumn('authorities', 'text')
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('revision', 'integer', column => column.notNull())
    .addUniqueConstraint('issuers_name', ['tenant_id', 'name'])
    .addUniqueConstraint('issuers_url', ['tenant_id', 'url'])
    .execute()

  await db.schema
    .createTable('issuer_principals')
    .addColumn('issuer_id', 'text', column => column.notNull().references('issuers.id').onDelete('cascade'))
    .addColumn('subject', 'text', column => column.notNull())
    .addColumn('principal_id', 'text', column => column.notNull().references('principals.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('issuer_principals_key', ['issuer_id', 'subject'])
    .execute()

  await db.schema
    .createTable('agents')
    .addColumn('principal_id', 'text', column => column.primaryKey().references('principals.id').onDelete('cascade'))
    .addColumn('thumbprint', 'text', column => column.notNull().unique())
    .addColumn('audience', 'text', column => column.notNull())
    .addColumn('group_id', 'text', column => column.references('groups.id').onDelete('set null'))
    .addColumn('last_seen_at', 'bigint')
    .execute()
}
