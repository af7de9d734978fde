/**
 * Deletes records that are older than a tenant wants them. What stands for them stays: the hash of the last one, and the subtrees of the
 * tree that they were in. With these, the checkpoints over them and over what is kept can still be verified.
 */
import { type ChainHead, extendChain } from '@keytether/audit'
import type { Foundation } from '../foundation.ts'
import { fromBytes, rangeOf, rangeText, tenantOfChain, toBytes } from './heads.ts'

const dayMs = 24 * 60 * 60_000
/** How many records are deleted with one write. */
const atOnce = 1_000

type Parts = Pick<Foundation, 'store' | 'history' | 'now'>

/** Only what a checkpoint is over: until then nobody outside could know that it was there. */
export async function deleteOld(parts: Parts, chain: string): Promise<void> {
  let from: number | undefined
  for (;;) {
    const deleted = await deleteSome(parts, chain)
    if (deleted === undefined) return
    from ??= deleted.from
    if (deleted.more) continue
    const happened = { tenant: tenantOfChain(chain), type: 'audit.deleted', subject: chain }
    await parts.history.record({ ...happened, data: { from, to: deleted.to } })
    return
  }
}

interface Deleted {
  /** The number of the first record, and of the one after the last. */
  readonly from: number
  readonly to: number
  readonly more: boolean
}

function deleteSome({ store, now }: Parts, chain: string): Promise<Deleted | undefined> {
  return store.write(async db => {
    const row = await db
      .selectFrom('audit_chains')
      .select(['first', 'first_prev', 'first_range', 'retention_days'])
      .where('chain', '=', chain)
      .executeTakeFirst()
    if (row === undefined || row.retention_days === null) return undefined
    const { latest } = await db
      .selectFrom('audit_checkpoints')
      .select(({ fn }) => fn.max('size').as('latest'))
      .where('chain', '=', chain)
      .executeTakeFirstOrThrow()
    const rows = await db
      .selectFrom('audit')
      .select(['at', 'line'])
      .where('chain', '=', chain)
      .where('seq', '>=', row.first)
      .where('seq', '<', latest ?? 0)
      .orderBy('seq')
      .limit(atOnce)
      .execute()
    // Times never go back, so these are the first ones.
    const limit = now() - row.retention_days * dayMs
    const old = rows.filter(({ at }) => at < limit)
    if (old.length === 0) return undefined
    const start: ChainHead = { size: row.first, last: toBytes(row.first_prev), range: rangeOf(row.first_range) }
    const end = old.reduce((head, { line }) => extendChain(head, Buffer.from(line)), start)
    await db.deleteFrom('audit').where('chain', '=', chain).where('seq', '<', end.size).execute()
    await db.deleteFrom('audit_checkpoints').where('chain', '=', chain).where('size', '<', end.size).execute()
    const columns = { first: end.size, first_prev: fromBytes(end.last), first_range: rangeText(end.range) }
    await db.updateTable('audit_chains').set(columns).where('chain', '=', chain).execute()
    return { from: row.first, to: end.size, more: old.length === atOnce }
  })
}
