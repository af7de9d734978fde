/** The next version of a key, which is made from then on. */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { nothingStale } from './catalogue.ts'
import { versionRow } from './new-key.ts'

export interface RotateRequest {
  /** Default true; else the new version is `pre-active`, and the one before stays the primary one. */
  readonly activate?: boolean | undefined
  readonly ifMatch?: number | undefined
}

/**
 * Writes it down, unless one is being made.
 *
 * @param caller none: the time for it has come
 * @throws HsmError STALE, WRONG_STATE
 */
export async function insertNextVersion(
  { history, now }: Pick<Foundation, 'history' | 'now'>,
  keyId: string,
  request: RotateRequest,
  caller?: Caller,
): Promise<void> {
  await history.write(async db => {
    const current = await db.selectFrom('keys').selectAll().where('id', '=', keyId).executeTakeFirstOrThrow()
    nothingStale(current, request.ifMatch)
    const versions = await db
      .selectFrom('key_versions')
      .select(['version', 'state'])
      .where('key_id', '=', keyId)
      .orderBy('version', 'desc')
      .execute()
    if (versions[0]?.state === 'creating') return { value: undefined, happened: [] }
    if (versions.every(({ state }) => state === 'destroyed')) {
      throw new HsmError('WRONG_STATE', `key ${current.name} is destroyed: restore it, or create another one`)
    }
    const version = versionRow(current, (versions[0]?.version ?? 0) + 1, { now: now(), activate: request.activate })
    await db.insertInto('key_versions').values(version).execute()
    const data = { name: current.name, version: version.version }
    const actor = caller && { actor: caller.principal }
    const happening = { tenant: current.tenant_id, type: 'key.creating', subject: keyId, ...actor, data }
    return { value: undefined, happened: [happening] }
  })
}
