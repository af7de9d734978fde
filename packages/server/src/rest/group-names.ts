/** What people call groups. */
import type { Caller, Groups } from '@keytether/hsm'

/** The names of the tenant's groups by their ids. */
export async function groupNames(groups: Groups, caller: Caller): Promise<ReadonlyMap<string, string>> {
  return new Map((await groups.list(caller)).map(({ id, name }) => [id, name]))
}
