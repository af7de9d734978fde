/** What is known of instances, written where it changed, and told where that matters. */
import type { Member } from '../groups/members.ts'
import type { Happening, History } from '../history/history.ts'
import type { Store } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
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

function told({ member, version, placed: { state, reason } }: Found): Happening {
  const data = { key: version.name, version: version.version, device: member.name, state, ...(reason && { reason }) }
  return { tenant: member.tenant, type: `instance.${state}`, subject: version.id, data }
}
