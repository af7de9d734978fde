/** Who asks, and what they may. */
import { HsmError } from '../errors.ts'

/**
 * - `root` makes tenants and their first administrators, and can neither see nor use what is in them
 * - `administrator` principals, devices, groups · `custodian` shares of key domains · `manager` keys and their life
 * - `operator` uses keys, those of its tags · `approver` approves uses · `auditor` reads everything · `metrics` reads figures
 * - `agent` connects devices
 */
export type Role =
  | 'root'
  | 'administrator'
  | 'custodian'
  | 'manager'
  | 'operator'
  | 'approver'
  | 'auditor'
  | 'metrics'
  | 'agent'

export interface Caller {
  /** The id of the principal. */
  readonly principal: string
  readonly name: string
  /** The id of the tenant; none: root. */
  readonly tenant: string | null
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
}

/** @throws HsmError `FORBIDDEN` of root, to whom nothing in a tenant is there */
export function tenantOf({ tenant, name }: Caller): string {
  if (tenant === null)
    throw new HsmError('FORBIDDEN', `${name} is of the service itself, and nothing in a tenant is for it`)
  return tenant
}
