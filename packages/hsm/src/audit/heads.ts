/** Where chains end, as the database keeps it: one row each, so that nothing else is read to append to one. */
import { type ChainHead, type CompactRange, emptyChain } from '@keytether/audit'
import type { Kysely } from 'kysely'
import type { Row, Tables } from '../store/tables.ts'

/** The chain of a tenant has the id of the tenant. */
const serviceChain = 'service'

export function chainOf(tenant: string | null): string {
  return tenant ?? serviceChain
}

export function tenantOfChain(chain: string): string | null {
  return chain === serviceChain ? null : chain
}

export interface Head extends ChainHead {
  /** Milliseconds UTC, of the last record. */
  readonly at: number
}

const none: Head = { ...emptyChain, at: 0 }

export async function readHead(db: Kysely<Tables>, chain: string): Promise<Head> {
  const row = await db
    .selectFrom('audit_chains')
    .select(['size', 'last', 'at', 'range'])
    .where('chain', '=', chain)
    .executeTakeFirst()
  return row === undefined ? none : headOf(row)
}

export async function writeHead(db: Kysely<Tables>, chain: string, head: Head): Promise<void> {
  const { size, at } = head
  const columns = { size, at, last: fromBytes(head.last), range: rangeText(head.range) }
  const start = {
    first: 0,
    first_prev: fromBytes(none.last),
    first_range: '',
    checkpoint_key: null,
    retention_days: null,
  }
  await db
    .insertInto('audit_chains')
    .values({ chain, ...columns, ...start })
    .onConflict(conflict => conflict.column('chain').doUpdateSet(columns))
    .execute()
}

/** Where the records begin that are kept: those before it were deleted, and this is what they came to. */
export function startOf({ first, first_prev: last, first_range: range }: Row<'audit_chains'>): ChainHead {
  return { size: first, last: toBytes(last), range: rangeOf(range) }
}

/** Whether it is what the database says where the chain ends. */
export function isEnd({ size, last, range }: ChainHead, row: Row<'audit_chains'>): boolean {
  return size === row.size && fromBytes(last) === row.last && rangeText(range) === row.range
}

function headOf({ size, last, at, range }: Pick<Row<'audit_chains'>, 'size' | 'last' | 'at' | 'range'>): Head {
  return { size, last: toBytes(last), at, range: rangeOf(range) }
}

export function rangeText(range: CompactRange): string {
  return range.map(fromBytes).join(' ')
}

export function rangeOf(text: string): CompactRange {
  return text === '' ? [] : text.split(' ').map(toBytes)
}

export function fromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

export function toBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
