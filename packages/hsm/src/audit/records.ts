/** Records of the audit log, for who asks: tenants see their own chain, root that of the service. */
import { AuditRecord } from '@keytether/audit'
import { decode } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { type Page, type PageRequest, pageOf } from '../store/page.ts'
import { chainOf } from './heads.ts'

export interface AuditFilter {
  /** The id of a principal. */
  readonly actor?: string | undefined
  /** As the contract names it, or the type of an event. */
  readonly operation?: string | undefined
  readonly outcome?: string | undefined
  /** The id of a request. */
  readonly request?: string | undefined
  /** Milliseconds UTC. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** The latest first. @throws HsmError INVALID */
export async function listRecords(
  { store }: Pick<Foundation, 'store'>,
  { tenant }: Caller,
  { since, until, ...equal }: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditRecord>> {
  const before = page.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(page.cursor)
  if (!Number.isSafeInteger(before)) throw new HsmError('INVALID', 'cursor: wanted what an earlier page gave')
  let query = store.db
    .selectFrom('audit')
    .select(['seq', 'line'])
    .where('chain', '=', chainOf(tenant))
    .where('seq', '<', before)
  for (const column of ['actor', 'operation', 'outcome', 'request'] as const) {
    if (equal[column] !== undefined) query = query.where(column, '=', equal[column])
  }
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<', until)
  const rows = await query
    .orderBy('seq', 'desc')
    .limit(page.limit + 1)
    .execute()
  return pageOf(
    rows,
    page,
    ({ seq }) => String(seq),
    ({ line }) => decode(AuditRecord, Buffer.from(line)),
  )
}
