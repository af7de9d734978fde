/** The audit log. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('chain', 'text', column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('at', 'bigint', column => column.notNull())
    .addColumn('actor', 'text')
    .addColumn('operation', 'text', column => column.notNull())
    .addColumn('outcome', 'text', column => column.notNull())
    .addColumn('request', 'text')
    .addColumn('line', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('audit_key', ['chain', 'seq'])
    .execute()

  await db.schema
    .createTable('audit_chains')
    .addColumn('chain', 'text', column => column.primaryKey())
    .addColumn('size', 'bigint', column => column.notNull())
    .addColumn('last', 'text', column => column.notNull())
    .addColumn('at', 'bigint', column => column.notNull())
    .addColumn('range', 'text', column => column.notNull())
    .addColumn('first', 'bigint', column => column.notNull())
    .addColumn('first_prev', 'text', column => column.notNull())
    .addColumn('first_range', 'text', column => column.notNull())
    .addColumn('checkpoint_key', 'text')
    .addColumn('retention_days', 'integer')
    .execute()

  await db.schema
    .createTable('audit_checkpoints')
    .addColumn('chain', 'text', column => column.notNull())
    .addColumn('size', 'bigint', column => column.notNull())
    .addColumn('at', 'bigint', column => column.notNull())
    .addColumn('note', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('audit_checkpoints_key', ['chain', 'size'])
    .execute()

  await db.schema
    .createTable('audit_events')
    .addColumn('last', 'bigint', column => column.notNull())
    .execute()
  // What happened before there was an audit log has an order, but nothing that holds it: the log begins with what comes now.
  await sql`insert into audit_events (last) select coalesce(max(id), 0) from events`.execute(db)
}
