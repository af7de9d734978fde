/** Keys on the members of a group that nobody made through the service. */
import { isExchangeKey, type KeyInfo } from '@keytether/driver'
import type { Member } from '../groups/members.ts'
import { keysOf } from '../sessions/key-instances.ts'
import { obstacleTo, type Present } from './keep-copy.ts'
import { instanceOf, type PlacedVersion } from './versions.ts'

export interface UnmanagedKey {
  /** PKCS #15 iD, upper-case hexadecimal. */
  readonly id: string
  readonly identity: string
  readonly info: KeyInfo
  readonly holders: readonly { readonly member: Member; readonly info: KeyInfo }[]
  /** What adopting it would mean: it would be put on every member, or why it would stay where it is. */
  readonly single?: string
  /** Why it cannot be adopted. */
  readonly obstacle?: string
}

export function unmanagedKeys(
  keyDomain: string | null,
  members: readonly Present[],
  versions: readonly PlacedVersion[],
): UnmanagedKey[] {
  const managed = members.map(({ device }) => new Set(versions.map(version => instanceOf(version, device.keys))))
  const memberOf = new Map(members.map(({ member, device }) => [device, member]))
  const free = members.flatMap(({ device }, index) => {
    const unmanaged = device.keys.filter(key => !managed[index]!.has(key) && !isExchangeKey(key.info))
    return unmanaged.map(key => ({ ...key, device }))
  })
  const keys = keysOf(free)
  return keys.map(({ id, instances }) => {
    const [{ identity, info }] = instances
    const holders = instances.map(({ device, info }) => ({ member: memberOf.get(device)!, info }))
    const reasons = instances.map(({ device, info }) => obstacleTo(keyDomain, { device, info }))
    const single = reasons.every(reason => reason !== undefined) ? reasons[0] : undefined
    const obstacle = obstacleOf(id, keys.filter(key => key.id === id).length, versions)
    return { id, identity, info, holders, ...(single && { single }), ...(obstacle && { obstacle }) }
  })
}

function obstacleOf(id: string, sameId: number, versions: readonly PlacedVersion[]): string | undefined {
  if (sameId > 1) return 'different keys of this id are on members of the group: delete or rename one'
  const namesake = versions.find(({ card_key_id }) => card_key_id === id)
  return namesake && `key ${namesake.name} of the group has the same id`
}
