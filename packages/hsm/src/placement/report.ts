/** How a group is: what is known, put together and in words. */

import type { GroupRow } from '../groups/groups.ts'
import type { Member } from '../groups/members.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { InstanceRow } from './instances.ts'
import { instanceOf, type PlacedVersion } from './versions.ts'

interface MemberReport {
  readonly member: Member
  /** It is ready and has the group's key domain. */
  readonly operational: boolean
  /** In words, if it is not. */
  readonly reason?: string
  /** How many versions it holds. */
  readonly held: number
}

/**
 * - `ok` on every member, all of them the same · `short` not on every member yet, or a member is away
 * - `single` it cannot leave the one device that it is on · `different` a member has another key in its place
 * - `lost` no member has it, and there is no wrapped copy
 */
type Consistency = 'ok' | 'short' | 'single' | 'different' | 'lost'

interface KeyReport {
  readonly version: PlacedVersion
  readonly consistency: Consistency
  readonly reason?: string
  /** Members that hold it, whether they are ready or not. */
  readonly copies: number
  readonly instances: readonly InstanceReport[]
}

interface InstanceReport {
  readonly member: Member
  readonly state: InstanceRow['state'] | 'unknown'
  readonly reason?: string
  readonly checkedAt?: number
}

export interface GroupReport {
  readonly group: GroupRow
  /** `empty` no device is in it · `unavailable` no member is operational · `degraded` something is not as it should be */
  readonly state: 'healthy' | 'degraded' | 'unavailable' | 'empty'
  /** Why it is not healthy. */
  readonly reasons: readonly string[]
  /** As many copies as a new key can have now. */
  readonly durability: number
  readonly members: readonly MemberReport[]
  readonly keys: readonly KeyReport[]
}

export interface Known {
  readonly group: GroupRow
  readonly members: readonly Member[]
  readonly sessions: ReadonlyMap<string, DeviceSession>
  readonly versions: readonly PlacedVersion[]
  readonly instances: readonly InstanceRow[]
  /** By the ids of versions: why they are on one device alone. */
  readonly singles: ReadonlyMap<string, string>
}

export function reportOf(all: Known): GroupReport {
  const kept = new Set(all.versions.filter(isKept).map(({ id }) => id))
  const known = { ...all, instances: asSeen(all).filter(({ version_id }) => kept.has(version_id)) }
  const { group } = known
  const members = known.members.map(member => memberReport(known, member))
  const byVersion = Map.groupBy(known.instances, ({ version_id }) => version_id)
  const keys = known.versions.filter(isKept).map(version => keyReport(known, version, byVersion.get(version.id) ?? []))
  const durability = members.filter(({ operational }) => operational).length
  const reasons = [
    ...members.flatMap(({ member, reason }) => (reason ? [`${member.name}: ${reason}`] : [])),
    ...keysInWords(keys),
  ]
  const state =
    members.length === 0 ? 'empty' : durability === 0 ? 'unavailable' : reasons.length > 0 ? 'degraded' : 'healthy'
  return { group, state, reasons, durability, members, keys }
}

/** What a member that is ready does not hold is not there, whatever was seen on it before. */
function asSeen({ members, sessions, versions, instances }: Known): InstanceRow[] {
  const present = new Map(members.map(({ device, path }) => [device, sessions.get(path)]))
  const byId = new Map(versions.map(version => [version.id, version]))
  return instances.map(row => {
    const [session, version] = [present.get(row.device_id), byId.get(row.version_id)]
    if (session?.state !== 'ready' || version === undefined || !holds(row)) return row
    return instanceOf(version, session.keys) ? row : { ...row, state: 'missing', reason: 'it is not there any more' }
  })
}

/** Those that are to be on every member. */
export function isKept({ state }: PlacedVersion): boolean {
  return state !== 'destroyed' && state !== 'creating'
}

export function holds(instance: InstanceRow): boolean {
  return instance.state === 'verified' || instance.state === 'unverified'
}

/** Why a device does not do what a member does; undefined if it does. */
export function whyNot(keyDomain: string | null, session: DeviceSession | undefined): string | undefined {
  if (session === undefined) return 'it has not connected since the service started'
  if (session.state !== 'ready') return `it is ${session.state}${session.reason ? `: ${session.reason}` : ''}`
  if (keyDomain === null || session.completeDomains.has(keyDomain)) return undefined
  const there = [...session.completeDomains.keys()].join(' and ') || 'none that has its key'
  return `it has not the group's key domain ${keyDomain}, but ${there}`
}

function memberReport({ group, sessions, instances }: Known, member: Member): MemberReport {
  const reason = whyNot(group.key_domain, sessions.get(member.path))
  const held = instances.filter(one => one.device_id === member.device && holds(one)).length
  return { member, operational: reason === undefined, ...(reason && { reason }), held }
}

function keyReport({ members, singles }: Known, version: PlacedVersion, of: readonly InstanceRow[]): KeyReport {
  const reports = members.map((member): InstanceReport => {
    const row = of.find(({ device_id }) => device_id === member.device)
    if (row === undefined) return { member, state: 'unknown' }
    return { member, state: row.state, ...(row.reason && { reason: row.reason }), checkedAt: row.checked_at }
  })
  const copies = of.filter(holds).length
  const single = singles.get(version.id)
  const found = { version, copies, instances: reports }
  const different = reports.find(({ state }) => state === 'different')
  if (different) return { ...found, consistency: 'different', reason: `${different.member.name}: ${different.reason}` }
  if (copies === 0 && !version.wrapped) {
    return { ...found, consistency: 'lost', reason: 'no member has it, and there is no wrapped copy of it' }
  }
  if (copies >= members.length) return { ...found, consistency: 'ok' }
  if (version.counted)
    return { ...found, consistency: 'single', reason: 'its uses are counted, those of copies are not' }
  if (single !== undefined && !version.wrapped) return { ...found, consistency: 'single', reason: single }
  const missing = reports.filter(({ state }) => state === 'missing' || state === 'unknown')
  const words = missing.map(({ member, reason }) => `${member.name}${reason ? ` (${reason})` : ''}`).join(', ')
  return { ...found, consistency: 'short', reason: `not on ${words}` }
}

function keysInWords(keys: readonly KeyReport[]): string[] {
  const wanted = { short: 'not on every member', different: 'different on a member', lost: 'on no member' } as const
  return Object.entries(wanted).flatMap(([consistency, words]) => {
    const count = keys.filter(key => key.consistency === consistency).length
    return count === 0 ? [] : [`${count} ${count === 1 ? 'key is' : 'keys are'} ${words}`]
  })
}
