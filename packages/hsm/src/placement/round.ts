/** One round of healing: what can be done now is done once, on all members that are ready side by side. */

import type { Foundation } from '../foundation.ts'
import type { GroupRow } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { type InstanceRow, instancesOf } from './instances.ts'
import { type Holder, holdersOf, keepCopy, type Present } from './keep-copy.ts'
import { placeOn } from './place-on.ts'
import { holds, isKept } from './report.ts'
import { instanceOf, type PlacedVersion, versionsOf } from './versions.ts'
import type { Work } from './work.ts'

export interface HealingParts extends Foundation {
  readonly singles: Map<string, string>
  ready(group: GroupRow): Present[]
  answer(work: Work, version: PlacedVersion, holders: readonly Holder[]): Promise<PlacedVersion['answer']>
}

/** Sessions in which the secret keys were used to see that they are the ones: a card can have got others while it was away. */
const seen = new WeakMap<DeviceSession, Set<string>>()

/** @returns whether something could not be done that may go better later */
export async function healingRound(parts: HealingParts, work: Work, group: GroupRow): Promise<boolean> {
  const ready = parts.ready(group)
  const all = await versionsOf(parts.store.db, { group: group.id })
  const rows = await instancesOf(parts.store, group.id)
  let left = false
  const versions: PlacedVersion[] = []
  for (const version of all.filter(isKept)) versions.push(await kept(parts, work, group, version, ready))
  await Promise.all(
    ready.map(async ({ member, device }) => {
      const checked = seen.get(device) ?? new Set()
      seen.set(device, checked)
      const wanted = versions.filter(version => needsWork(version, device, rowOf(rows, version, member), checked))
      for (const done of await placeOn(parts, work, member, wanted)) {
        if ('notDone' in done || done.placed.state === 'missing') left = true
        else checked.add(done.version.id)
      }
    }),
  )
  return left
}

/** With its wrapped copy in the store and its answer, as far as they can be had now. */
async function kept(
  { store, singles, answer }: HealingParts,
  work: Work,
  group: GroupRow,
  version: PlacedVersion,
  ready: readonly Present[],
): Promise<PlacedVersion> {
  const holders = holdersOf(version, ready)
  const known = { ...version, answer: await answer(work, version, holders) }
  if (version.wrapped) return known
  const obstacle = await keepCopy(store, work, version, group.key_domain, holders)
  if (obstacle === undefined) singles.delete(version.id)
  else if (holders.length > 0) singles.set(version.id, obstacle)
  return { ...known, wrapped: obstacle === undefined }
}

function needsWork(
  version: PlacedVersion,
  device: DeviceSession,
  row: InstanceRow | undefined,
  checked: ReadonlySet<string>,
): boolean {
  const instance = instanceOf(version, device.keys)
  if (instance === undefined)
    return version.wrapped && !version.counted && !(row?.state === 'different' && checked.has(version.id))
  if (row === undefined || !holds(row) || row.reference !== instance.info.reference) return !checked.has(version.id)
  return version.kind === 'AES' && !checked.has(version.id)
}

function rowOf(rows: readonly InstanceRow[], { id }: PlacedVersion, { device }: Member): InstanceRow | undefined {
  return rows.find(row => row.version_id === id && row.device_id === device)
}
