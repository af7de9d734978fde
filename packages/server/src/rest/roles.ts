/** Who may. */
import type { Operation } from '@keytether/api'
import type { Caller } from '@keytether/hsm'
import { RequestError } from '../errors.ts'

/** @throws RequestError FORBIDDEN */
export function demandRole(name: string, { roles }: Pick<Operation, 'roles'>, caller: Caller): void {
  if (roles.length === 0 || roles.some(role => caller.roles.includes(role))) return
  const held = caller.roles.length === 0 ? 'none of the kind' : caller.roles.join(', ')
  throw new RequestError('FORBIDDEN', `${name} is for who is ${roles.join(' or ')}; ${caller.name} is ${held}`)
}
