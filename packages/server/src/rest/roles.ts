/** Who may. */
import type { Operation, Role } from '@keytether/api'
import type { Caller } from '@keytether/hsm'
import { RequestError } from '../errors.ts'

/** @throws RequestError FORBIDDEN */
export function demandRole(name: string, { roles }: Pick<Operation, 'roles'>, caller: Caller): void {
  if (roles.length === 0 || roles.some(role => caller.roles.includes(role))) return
  const held = caller.roles.length === 0 ? 'none of the kind' : caller.roles.join(', ')
  throw new RequestError('FORBIDDEN', `${name} takes the role ${inWords(roles)}; ${caller.name} has ${held}`)
}

/** As `custodian`, or `administrator, custodian or auditor`. */
export function inWords(roles: readonly Role[]): string {
  return [roles.slice(0, -1).join(', '), roles.at(-1)].filter(Boolean).join(' or ')
}
