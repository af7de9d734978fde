/** What is known of instances, written where it changed, and told where that matters. */
import type { Transaction } from 'kysely'
import type { Member } from '../groups/members.ts'
import type { Happening, History } from '../history/history.ts'
import type { Store } from '../store/store.ts'
import type { Row, Tables } from '../store/tables.ts'
import type { Placed } from './place.ts'
import type { PlacedVersion } from './versions.ts'

export interface Found {
  readonly member: Member
  readonly version: PlacedVersion
  readonly placed: Placed
}

/** Of one version on one device. */
export type InstanceRow = Row<'instances'>

export async function instancesOf(store: Store, group: string): Promise<InstanceRow[]> {
  return store.db
    .selectFrom('instances')
    .innerJoin('key_versions', 'key_versions.id', 'instances.version_id')
    .innerJoin('keys', 'keys.id', 'key_versions.key_id')
    .selectAll('instances')
    .where('keys.group_id', '=', group)
    .execute()
}

export async function recordFound(
  { history, now }: { readonly history: History; now(): number },
  found: readonly Found[],
): Promise<void> {
  if (found.length === 0) return
  const at = now()
  await history.write(async db => {
    const happened: Happening[] = []
    for (const { member, version, placed } of found) {
      if (await wasErased(db, { member, version, placed }, at)) continue
      const before = await db
        .selectFrom('instances')
        .select('state')
        .where('version_id', '=', version.id)
        .where('device_id', '=', member.device)
        .executeTakeFirst()
      const { state, reference, reason = null } = placed
      const row = { reference, state, reason, checked_at: at }
      await db
        .insertInto('instances')
        .values({ version_id: version.id, device_id: member.device, ...row })
        .onConflict(conflict => conflict.columns(['version_id', 'device_id']).doUpdateSet(row))
        .execute()
      if (before?.state !== state) happened.push(told({ member, version, placed }))
    }
    return { value: undefined, happened }
  })
}

/** A version that was erased while it was put on a member is left there, and is deleted like what else is left. */
async function wasErased(db: Transaction<Tables>, { member, version, placed }: Found, at: number): Promise<boolean> {
  const current = await db
    .selectFrom('key_versions')
    .select(['state', 'destroy_at'])
    .where('id', '=', version.id)
    .executeTakeFirst()
  if (current !== undefined && (current.state !== 'destroyed' || current.destroy_at !== null)) return false
  // Of one that was never there for anybody, what was on the member before stays.
  const isThere = placed.state === 'verified' || placed.state === 'unverified'
  const isLeft = current === undefined ? placed.info !== undefined : isThere
  if (isLeft && version.card_key_id !== null) {
    const row = { device_path: member.path, reference: placed.reference, card_key_id: version.card_key_id }
    await db
      .insertInto('leftovers')
      .values({ ...row, created_at: at })
      .onConflict(conflict => conflict.columns(['device_path', 'reference']).doUpdateSet(row))
      .execute()
  }
  return true
}

function told({ member, version, placed: { state, reason } }: Found): Happening {
  const data = { key: version.name, version: version.version, device: member.name, state, ...(reason && { reason }) }
  return { tenant: member.tenant, type: `instance.${state}`, subject: version.id, data }
}
