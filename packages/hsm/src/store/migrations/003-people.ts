/** What people sign in with, and their sessions. */
import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../dialect.ts'

export async function up(db: Kysely<unknown>, { bytes }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('passwords')
    .addColumn('principal_id', 'text', column => column.primaryKey().references('principals.id'))
    .addColumn('hash', 'text', column => column.notNull())
    .addColumn('changed_at', 'bigint', column => column.notNull())
    .execute()

  await db.schema
    .createTable('passkeys')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('principal_id', 'text', column => column.notNull().references('principals.id'))
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('credential_id', 'text', column => column.notNull().unique())
    .addColumn('public_key', bytes, column => column.notNull())
    .addColumn('sign_count', 'bigint', column => column.notNull())
    .addColumn('transports', 'text', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addUniqueConstraint('passkeys_name', ['principal_id', 'name'])
    .execute()

  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('principal_id', 'text', column => column.notNull().references('principals.id'))
    .addColumn('token_hash', 'text', column => column.notNull().unique())
    .addColumn('way', 'text', column => column.notNull())
    .addColumn('address', 'text', column => column.notNull())
    .addColumn('client', 'text', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('last_used_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
  await db.schema.createIndex('sessions_principal').on('sessions').columns(['principal_id']).execute()

  await db.schema
    .createTable('invitations')
    .addColumn('principal_id', 'text', column => column.primaryKey().references('principals.id'))
    .addColumn('secret_hash', 'text', column => column.notNull().unique())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
}
