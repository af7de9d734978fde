/** Devices as members of groups. */
import type { Row } from '../store/tables.ts'

export interface Member {
  readonly device: string
  /** Certified path with dots. */
  readonly path: string
  readonly tenant: string
  readonly group: string
  readonly name: string
  /** Members of the lowest number are asked first. */
  readonly priority: number
  /** Only asked where no other member can. */
  readonly standby: boolean
}

/** Undefined: it is nobody's, or in no group. */
export function memberOf(row: Row<'devices'>): Member | undefined {
  const { id, path, tenant_id, group_id, name, priority, standby, state } = row
  if (tenant_id === null || group_id === null || state !== 'claimed') return undefined
  return {
    ...{ device: id, path, tenant: tenant_id, group: group_id, name: name ?? path },
    ...{ priority, standby: standby === 1 },
  }
}

/** In the order in which they are asked. */
export function inOrder(members: readonly Member[]): Member[] {
  return members.toSorted(
    (a, b) => Number(a.standby) - Number(b.standby) || a.priority - b.priority || (a.name < b.name ? -1 : 1),
  )
}
