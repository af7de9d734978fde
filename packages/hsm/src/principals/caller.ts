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

/** How a caller came in. */
export interface Login {
  /** What he showed, as `token first`, `certificate laptop`; never a secret. */
  readonly credential: string
  /** Where the request comes from, as `192.0.2.7` or `2001:db8::7`. */
  readonly address: string
}

/** Who asks now: what a principal may is narrowed to what it may by this credential. */
export interface Caller {
  /** The id of the principal. */
  readonly principal: string
  readonly name: string
  /** The id of the tenant; none: root. */
  readonly tenant: string | null
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
  readonly login: Login
  /** The id of the session, of people who have signed in. */
  readonly session?: string
}

/** @throws HsmError `FORBIDDEN` of root, to whom nothing in a tenant is there */
export function tenantOf({ tenant, name }: Caller): string {
  if (tenant === null)
    throw new HsmError('FORBIDDEN', `${name} is of the service itself, and nothing in a tenant is for it`)
  return tenant
}

/** Who has not logged in, and asks for a way in. */
export function nobody(address: string): Caller {
  return { principal: '', name: 'nobody', tenant: null, roles: [], tags: [], login: { credential: 'none', address } }
}
