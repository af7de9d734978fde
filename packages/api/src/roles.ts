/** What principals may, by name. With no schema, so that who lists them in a help text loads nothing else. */
export const roles = [
  'root',
  'administrator',
  'custodian',
  'manager',
  'operator',
  'approver',
  'auditor',
  'metrics',
  'agent',
] as const

export type Role = (typeof roles)[number]

/** Those that a principal of a tenant may have. */
export const tenantRoles = roles.filter(role => role !== 'root')
