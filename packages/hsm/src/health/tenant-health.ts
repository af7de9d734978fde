/** How it is with what a tenant has: what works, what does not, and why, as far as is known without asking a device. */
import type { DeviceView, Registry } from '../devices/registry.ts'
import type { Groups } from '../groups/groups.ts'
import type { Placement } from '../placement/placement.ts'
import type { GroupReport } from '../placement/report.ts'
import type { Caller } from '../principals/caller.ts'

export interface TenantHealth {
  /** `unavailable` a group does nothing · `degraded` something is not as it should be, and all groups work */
  readonly state: 'healthy' | 'degraded' | 'unavailable'
  /** Why it is not healthy. */
  readonly reasons: readonly string[]
  readonly groups: readonly GroupReport[]
  readonly devices: readonly DeviceView[]
}

interface Parts {
  readonly groups: Groups
  readonly placement: Placement
  readonly registry: Registry
}

export async function tenantHealth({ groups, placement, registry }: Parts, caller: Caller): Promise<TenantHealth> {
  const reports: GroupReport[] = []
  for (const { id } of await groups.list(caller)) reports.push(await placement.report(caller, id))
  const devices = registry.list(caller)
  const reasons = [
    ...reports.flatMap(({ group, reasons }) => reasons.map(reason => `group ${group.name}: ${reason}`)),
    ...devices.filter(({ row }) => row.group_id === null).flatMap(loneDevice),
    ...devices.flatMap(({ row, warnings }) => warnings.map(warning => `device ${row.name}: ${warning}`)),
  ]
  const isUnavailable = reports.some(({ state }) => state === 'unavailable')
  return {
    state: isUnavailable ? 'unavailable' : reasons.length > 0 ? 'degraded' : 'healthy',
    reasons,
    groups: reports,
    devices,
  }
}

/** Of others, their groups tell. */
function loneDevice({ row, state, reason }: DeviceView): string[] {
  if (state === 'ready' || state === 'retired') return []
  return [`device ${row.name}: it is ${state}${reason === undefined ? '' : `: ${reason}`}`]
}
