/** What a principal may, as options say it. */
import { tenantRoles } from '@keytether/api/roles'
import { type Command, InvalidArgumentError } from 'commander'

export interface RightsOptions {
  readonly role?: readonly TenantRole[]
  readonly tag?: readonly string[]
}

type TenantRole = (typeof tenantRoles)[number]

export function rightsOptions(command: Command): Command {
  return roleOption(command, 'What it may').option(
    '--tag <tag...>',
    'As an operator, it uses keys that have one of these, and keys that have none',
  )
}

export function roleOption(command: Command, what: string): Command {
  return command.option('--role <role...>', `${what}: ${tenantRoles.join(', ')}`, oneRole)
}

function oneRole(text: string, before: readonly TenantRole[] = []): readonly TenantRole[] {
  const role = tenantRoles.find(name => name === text)
  if (role === undefined) throw new InvalidArgumentError(`Wanted one of ${tenantRoles.join(', ')}.`)
  return [...before, role]
}
