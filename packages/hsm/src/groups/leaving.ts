/** Whether a group would lose a key with one of its members. */
import type { Kysely } from 'kysely'
import type { Tables } from '../store/tables.ts'

/** The keys of which neither another member has a copy nor the store a wrapped one, in words; undefined: none. */
export async function leavingObstacle(db: Kysely<Tables>, device: string, group: string): Promise<string | undefined> {
  const held = await db
    .selectFrom('instances')
    .innerJoin('key_versions', 'key_versions.id', 'instances.version_id')
    .innerJoin('keys', 'keys.id', 'key_versions.key_id')
    .select(['instances.version_id', 'instances.device_id', 'keys.name', 'key_versions.version'])
    .where('keys.group_id', '=', group)
    .where('key_versions.state', '!=', 'destroyed')
    .where('key_versions.wrapped', 'is', null)
    .where('instances.state', 'in', ['verified', 'unverified'])
    .execute()
  const elsewhere = new Set(held.filter(one => one.device_id !== device).map(one => one.version_id))
  const only = held.filter(one => one.device_id === device && !elsewhere.has(one.version_id))
  if (only.length === 0) return undefined
  const names = only.slice(0, 3).map(({ name, version }) => `${name} version ${version}`)
  const more = only.length > 3 ? ` and ${only.length - 3} more` : ''
  return `it holds the only copy of ${names.join(', ')}${more}`
}
