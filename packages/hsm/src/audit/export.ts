/** Exports of a chain: which records, with the checkpoint that vouches for them, and then their lines. */
import {
  type ChainHead,
  ExportedCheckpoint,
  ExportHeader,
  emptyChain,
  extendChain,
  writeHead as writtenHead,
} from '@keytether/audit'
import { encode } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { Page, PageRequest } from '../store/page.ts'
import type { SignedCheckpoint } from './checkpoints.ts'
import { chainOf, rangeOf, toBytes } from './heads.ts'

export interface ExportStart {
  /** The first line. */
  readonly header: string
  /** The numbers of the first record that is to follow, and of the one behind the last. */
  readonly from: number
  readonly to: number
}

/** How many records are read at once to find the chain's head before one of them. */
const atOnce = 5_000

/**
 * @param from default the first one that is kept
 * @throws HsmError INVALID if that is not kept, or not yet there
 */
export async function beginExport(
  foundation: Pick<Foundation, 'store'>,
  { tenant }: Caller,
  { origin, size, checkpoint, keys }: SignedCheckpoint,
  from?: number,
): Promise<ExportStart> {
  const chain = chainOf(tenant)
  const first = await firstKept(foundation, chain)
  const start = from ?? first.size
  if (start < first.size || start > size) {
    throw new HsmError('INVALID', `from: wanted ${first.size} to ${size}, between which records are kept, got ${start}`)
  }
  const head = await headBefore(foundation, chain, first, start)
  const header = { keytether: 'audit 1', origin, tenant, from: writtenHead(head), keys, checkpoint }
  return { header: Buffer.from(encode(ExportHeader, header)).toString(), from: start, to: size }
}

/** The lines of records from one number up to before another, each checkpoint behind the last record that it is over. */
export async function exportLines(
  { store }: Pick<Foundation, 'store'>,
  { tenant }: Caller,
  { from, to }: { readonly from: number; readonly to: number },
  page: PageRequest,
): Promise<Page<string>> {
  const chain = chainOf(tenant)
  const start = page.cursor === undefined ? from : Number(page.cursor)
  if (!Number.isSafeInteger(start)) throw new HsmError('INVALID', 'cursor: wanted what an earlier page gave')
  const rows = await linesOf(store, chain, start, Math.min(to, start + page.limit))
  const end = start + rows.length
  const checkpoints = await store.db
    .selectFrom('audit_checkpoints')
    .select(['size', 'note'])
    .where('chain', '=', chain)
    .where('size', '>', start)
    .where('size', '<=', Math.min(end, to - 1))
    .execute()
  const notes = new Map(checkpoints.map(({ size, note }) => [size, note]))
  const items = rows.flatMap(({ seq, line }) => {
    const checkpoint = notes.get(seq + 1)
    return checkpoint === undefined
      ? [line]
      : [line, Buffer.from(encode(ExportedCheckpoint, { checkpoint })).toString()]
  })
  return { items, ...(end < to && rows.length > 0 && { next: String(end) }) }
}

async function firstKept({ store }: Pick<Foundation, 'store'>, chain: string): Promise<ChainHead> {
  const row = await store.db
    .selectFrom('audit_chains')
    .select(['first', 'first_prev', 'first_range'])
    .where('chain', '=', chain)
    .executeTakeFirst()
  return row === undefined
    ? emptyChain
    : { size: row.first, last: toBytes(row.first_prev), range: rangeOf(row.first_range) }
}

async function headBefore(
  { store }: Pick<Foundation, 'store'>,
  chain: string,
  first: ChainHead,
  seq: number,
): Promise<ChainHead> {
  let head = first
  while (head.size < seq) {
    const rows = await linesOf(store, chain, head.size, Math.min(seq, head.size + atOnce))
    if (rows[0]?.seq !== head.size) throw new HsmError('INVALID', 'what was asked for is deleted by now; begin anew')
    for (const { line } of rows) head = extendChain(head, Buffer.from(line))
  }
  return head
}

function linesOf({ db }: Foundation['store'], chain: string, from: number, to: number) {
  return db
    .selectFrom('audit')
    .select(['seq', 'line'])
    .where('chain', '=', chain)
    .where('seq', '>=', from)
    .where('seq', '<', to)
    .orderBy('seq')
    .execute()
}
