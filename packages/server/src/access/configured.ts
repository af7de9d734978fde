/** Whoever the configuration lets in: principals like others, so they can be disabled. */
import type { Role } from '@keytether/hsm'

export interface Configured {
  readonly name: string
  /** None: root. */
  readonly tenant: string | null
  readonly roles: readonly Role[]
}

const configuredRoles = ['administrator', 'custodian', 'manager', 'operator', 'auditor'] as const

/** @param main the id of the tenant main */
export function inMain(main: string, name: string): Configured {
  return { name, tenant: main, roles: configuredRoles }
}
