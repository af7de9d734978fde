/** What members hold of a version that is destroyed for good is deleted there. */
import type { DeviceSession } from '../device-session.ts'
import type { GroupRow, Groups } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import type { Foundation } from '../hsm.ts'
import { instancesOf, recordRemoved } from './instances.ts'
import { instanceOf, type PlacedVersion, versionsOf } from './versions.ts'
import { onMember, type Work } from './work.ts'

interface Parts extends Foundation {
  readonly groups: Groups
  group(id: string): Promise<GroupRow>
}

/** @returns the members that it is still on, or may be */
export async function removeFrom(parts: Parts, work: Work, version: PlacedVersion): Promise<Member[]> {
  const rows = (await instancesOf(parts.store, version.group)).filter(({ version_id }) => version_id === version.id)
  const others = (await versionsOf(parts.store.db, { group: version.group })).filter(
    other => other.id !== version.id && other.state !== 'destroyed',
  )
  const sessions = new Map(parts.devices.hsms().map(device => [device.id!, device]))
  const members = parts.groups.members(version.group)
  const left = await Promise.all(
    members.map(async member => {
      const device = sessions.get(member.path)
      const listed = rows.some(({ device_id }) => device_id === member.device)
      if (device === undefined) return listed ? member : undefined
      if (!(await removeOn(work, member, device, version, others))) return member
      if (listed) await recordRemoved(parts, member.device, version.id)
      return undefined
    }),
  )
  return left.filter(member => member !== undefined)
}

/** @returns whether it is not there any more */
async function removeOn(
  work: Work,
  member: Member,
  device: DeviceSession,
  version: PlacedVersion,
  others: readonly PlacedVersion[],
): Promise<boolean> {
  const instance = instanceOf(version, device.keys)
  // Adopted or imported anew under another name, it is that one's now.
  if (instance === undefined || others.some(other => instanceOf(other, [instance]))) return true
  const { reference } = instance.info
  const done = await onMember(work, member, 'delete a key', async card => {
    await card.deleteKey(reference)
    device.forgetKey(reference)
    return {}
  })
  return !('notDone' in done)
}
