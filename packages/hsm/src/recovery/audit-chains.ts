/** Whether the audit log is whole: every chain from its first record that is kept to its end, and the checkpoints on the way. */
import { AuditRecord, type ChainHead, chainRoot, extendChain, parseCheckpoint } from '@keytether/audit'
import { DecodeError, decode, equal } from '@keytether/codec'
import { isEnd, startOf } from '../audit/heads.ts'
import type { Store } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { Finding } from './finding.ts'

const pageSize = 1_000

/** Who has signed the checkpoints is not asked: that is for `keytether audit verify`, which knows whom to trust. */
export async function auditChains({ db }: Store): Promise<Finding> {
  const chains = await db.selectFrom('audit_chains').selectAll().orderBy('chain').execute()
  const details: string[] = []
  let records = 0
  for (const chain of chains) {
    const fault = await faultOf(db, chain)
    if (fault === undefined) records += chain.size - chain.first
    else details.push(`${chain.chain}: ${fault}`)
  }
  if (details.length > 0)
    return { outcome: 'failed', words: `${details.length} of ${chains.length} chains are broken`, details }
  return { outcome: 'ok', words: `${chains.length} chains of ${records} records, each whole to its end` }
}

async function faultOf(db: Store['db'], chain: Row<'audit_chains'>): Promise<string | undefined> {
  const notes = await db.selectFrom('audit_checkpoints').select('note').where('chain', '=', chain.chain).execute()
  const roots = new Map(notes.map(({ note }) => parseCheckpoint(note)).map(({ size, root }) => [size, root]))
  let head = startOf(chain)
  for (let more = true; more; ) {
    const rows = await db
      .selectFrom('audit')
      .select(['seq', 'line'])
      .where('chain', '=', chain.chain)
      .where('seq', '>=', head.size)
      .orderBy('seq')
      .limit(pageSize)
      .execute()
    for (const { seq, line } of rows) {
      if (seq !== head.size) return `record ${head.size} is missing`
      const bytes = new TextEncoder().encode(line)
      if (!follows(head, bytes)) return `record ${seq} is not the one that came after the one before`
      head = extendChain(head, bytes)
      const root = roots.get(head.size)
      if (root !== undefined && !equal(root, chainRoot(head)))
        return `the checkpoint of ${head.size} records is of others`
    }
    more = rows.length === pageSize
  }
  return isEnd(head, chain)
    ? undefined
    : `it ends with ${head.size} records, and not as it did with its last one, ${chain.size}`
}

function follows(head: ChainHead, line: Uint8Array): boolean {
  const record = recordOf(line)
  return record?.seq === head.size && record.prev === Buffer.from(head.last).toString('base64')
}

function recordOf(line: Uint8Array): AuditRecord | undefined {
  try {
    return decode(AuditRecord, line)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
