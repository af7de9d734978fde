/** Changes of what a key is called and how it is kept. */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { type KeyRow, nothingStale } from './catalogue.ts'
import { checkedTags } from './new-key.ts'

/** Members that are absent stay as they are. */
export interface KeyUpdate {
  readonly name?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** Milliseconds after which the service makes the next version by itself; null: never. */
  readonly rotateAfter?: number | null | undefined
}

/** @throws HsmError STALE, EXISTS, INVALID */
export async function updateKey(
  { history }: Foundation,
  caller: Caller,
  { id }: KeyRow,
  { name, tags, rotateAfter }: KeyUpdate,
  ifMatch: number | undefined,
): Promise<void> {
  const list = tags && checkedTags(tags)
  await history.write(async db => {
    const key = await db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    nothingStale(key, ifMatch)
    if (name !== undefined && name !== key.name) {
      const taken = await db
        .selectFrom('keys')
        .select('id')
        .where('tenant_id', '=', key.tenant_id)
        .where('name', '=', name)
        .executeTakeFirst()
      if (taken !== undefined) throw new HsmError('EXISTS', `there is a key ${name} already`)
    }
    const change = {
      ...(name !== undefined && { name }),
      ...(list && { tags: JSON.stringify(list) }),
      ...(rotateAfter !== undefined && { rotate_after: rotateAfter }),
      revision: key.revision + 1,
    }
    await db.updateTable('keys').set(change).where('id', '=', id).execute()
    const data = {
      name: name ?? key.name,
      ...(name !== undefined && { before: key.name }),
      ...(list && { tags: list }),
    }
    const happening = { tenant: key.tenant_id, type: 'key.changed', subject: id, actor: caller.principal, data }
    return { value: undefined, happened: [happening] }
  })
}
