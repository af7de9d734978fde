/** What a tenant wants of its chain: a key of its own that signs checkpoints, and for how long records are kept. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Keys } from '../keys/keys.ts'
import { type Caller, tenantOf } from '../principals/caller.ts'
import type { Row, Tables } from '../store/tables.ts'
import { chainOf, readHead, writeHead } from './heads.ts'

export interface ChainSettings {
  /** The name of the key that signs checkpoints beside the service; none: the service alone does. */
  readonly checkpointKey: string | null
  /** In days; none: records are kept for ever. */
  readonly retention: number | null
  /** How many records there have been, and the number of the first one that is kept. */
  readonly size: number
  readonly first: number
}

export type ChainSettingsChange = { readonly [N in 'checkpointKey' | 'retention']?: ChainSettings[N] | undefined }

type Parts = Pick<Foundation, 'store' | 'history'> & { readonly keys: Keys }

export async function chainSettings({ store, keys }: Parts, caller: Caller): Promise<ChainSettings> {
  const row = await store.db
    .selectFrom('audit_chains')
    .select(['size', 'first', 'checkpoint_key', 'retention_days'])
    .where('chain', '=', chainOf(caller.tenant))
    .executeTakeFirst()
  if (row === undefined) return { checkpointKey: null, retention: null, size: 0, first: 0 }
  const { size, first, checkpoint_key: key, retention_days: retention } = row
  return { checkpointKey: key === null ? null : nameOf(keys, caller, key), retention, size, first }
}

/** @throws HsmError `NOT_FOUND`, `WRONG_SCHEME` if the key is not of the curve P-256, `FORBIDDEN` of root, who has no keys */
export async function changeChainSettings(
  parts: Parts,
  caller: Caller,
  { checkpointKey, retention }: ChainSettingsChange,
): Promise<ChainSettings> {
  const key = checkpointKey ? keyFor(parts.keys, caller, checkpointKey) : checkpointKey
  const chain = chainOf(caller.tenant)
  await parts.history.write(async db => {
    await ensureChain(db, chain)
    const columns: Partial<Row<'audit_chains'>> = {
      ...(key !== undefined && { checkpoint_key: key }),
      ...(retention !== undefined && { retention_days: retention }),
    }
    if (Object.keys(columns).length === 0) return { value: undefined, happened: [] }
    await db.updateTable('audit_chains').set(columns).where('chain', '=', chain).execute()
    const happened = { tenant: caller.tenant, type: 'audit.changed', subject: chain, actor: caller.principal }
    return { value: undefined, happened: [{ ...happened, data: { checkpointKey, retention } }] }
  })
  return chainSettings(parts, caller)
}

async function ensureChain(db: Transaction<Tables>, chain: string): Promise<void> {
  const head = await readHead(db, chain)
  if (head.size === 0) await writeHead(db, chain, head)
}

/** @returns its id */
function keyFor(keys: Keys, caller: Caller, name: string): string {
  tenantOf(caller)
  const { key } = keys.get(caller, name)
  if (key.kind === 'EC' && key.parameter === 'secp256r1') return key.id
  throw new HsmError('WRONG_SCHEME', `checkpoints are signed by keys of the curve secp256r1, and ${key.name} is none`)
}

function nameOf(keys: Keys, caller: Caller, id: string): string {
  try {
    return keys.get(caller, id).key.name
  } catch (error) {
    // Deleted since; nothing else has its place until somebody says so.
    if (error instanceof HsmError && error.code === 'NOT_FOUND') return id
    throw error
  }
}
