/** Which data keys hang on which version of a key: what is told of a data key is told from what was seen of it here. */

import type { WrappedDataKey } from '@keytether/envelope'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'

/** Uses within this time of the one on record are not written: nobody needs it finer, and reading must stay cheap. */
const grainMs = 60_000

/** What hangs on one version of a key. */
export interface VersionReport {
  readonly version: number
  readonly state: string
  readonly dataKeys: number
  /** When the oldest data key was made, and when one was last used; absent: there is none. */
  readonly oldest?: number
  readonly lastUsed?: number
}

export interface RecordedDataKey {
  readonly id: string
  readonly reference?: string
  readonly createdAt: number
  readonly lastUsedAt: number
}

export class DataKeyRecords {
  readonly #store: Foundation['store']
  readonly #now: () => number

  constructor({ store, now }: Pick<Foundation, 'store' | 'now'>) {
    this.#store = store
    this.#now = now
  }

  async made({ dataKey, version }: WrappedDataKey, reference: string | undefined): Promise<void> {
    const at = this.#now()
    const row = { id: dataKey, version_id: version, reference: reference ?? null, created_at: at, last_used_at: at }
    await this.#store.write(db => db.insertInto('data_keys').values(row).execute())
  }

  /** A data key that was made elsewhere, or moved away and is still used under the old version, is recorded from now on. */
  async used(id: string, versionId: string): Promise<void> {
    const at = this.#now()
    const known = await this.#store.db
      .selectFrom('data_keys')
      .select('last_used_at')
      .where('id', '=', id)
      .where('version_id', '=', versionId)
      .executeTakeFirst()
    if (known !== undefined && at - known.last_used_at < grainMs) return
    const row = { id, version_id: versionId, reference: null, created_at: at, last_used_at: at }
    await this.#store.write(db =>
      db
        .insertInto('data_keys')
        .values(row)
        .onConflict(conflict => conflict.columns(['id', 'version_id']).doUpdateSet({ last_used_at: at }))
        .execute(),
    )
  }

  /** It is wrapped under another version from now on. */
  async moved(id: string, from: string, to: string): Promise<void> {
    const at = this.#now()
    await this.#store.write(async db => {
      const before = await db
        .deleteFrom('data_keys')
        .where('id', '=', id)
        .where('version_id', '=', from)
        .returning(['reference', 'created_at'])
        .executeTakeFirst()
      const kept = { reference: before?.reference ?? null, created_at: before?.created_at ?? at }
      await db
        .insertInto('data_keys')
        .values({ id, version_id: to, ...kept, last_used_at: at })
        .onConflict(conflict => conflict.columns(['id', 'version_id']).doUpdateSet({ last_used_at: at }))
        .execute()
    })
  }

  /** @throws HsmError NOT_FOUND */
  async report(caller: Caller, keyName: string): Promise<VersionReport[]> {
    const rows = await this.#versions(caller, keyName)
      .leftJoin('data_keys', 'data_keys.version_id', 'key_versions.id')
      .select(({ fn }) => [
        'key_versions.version',
        'key_versions.state',
        fn.count<number>('data_keys.id').as('dataKeys'),
        fn.min('data_keys.created_at').as('oldest'),
        fn.max('data_keys.last_used_at').as('lastUsed'),
      ])
      .groupBy(['key_versions.version', 'key_versions.state'])
      .orderBy('key_versions.version', 'desc')
      .execute()
    if (rows.length === 0) throw missing(keyName)
    return rows.map(({ version, state, dataKeys, oldest, lastUsed }) => ({
      version,
      state,
      dataKeys: Number(dataKeys),
      ...(oldest !== null && { oldest: Number(oldest) }),
      ...(lastUsed !== null && { lastUsed: Number(lastUsed) }),
    }))
  }

  /**
   * The data keys under one version, in the order of their ids.
   *
   * @param after the id that the last page ended with
   * @throws HsmError NOT_FOUND
   */
  async list(
    caller: Caller,
    keyName: string,
    version: number,
    { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<RecordedDataKey[]> {
    const found = await this.#versions(caller, keyName)
      .select('key_versions.id')
      .where('key_versions.version', '=', version)
      .executeTakeFirst()
    if (found === undefined) throw missing(`${keyName} with a version ${version}`)
    const rows = await this.#store.db
      .selectFrom('data_keys')
      .selectAll()
      .where('version_id', '=', found.id)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(({ id, reference, created_at, last_used_at }) => ({
      id,
      ...(reference !== null && { reference }),
      createdAt: created_at,
      lastUsedAt: last_used_at,
    }))
  }

  #versions({ tenant }: Caller, nameOrId: string) {
    return this.#store.db
      .selectFrom('key_versions')
      .innerJoin('keys', 'keys.id', 'key_versions.key_id')
      .where('keys.tenant_id', '=', tenant)
      .where(where => where.or([where('keys.name', '=', nameOrId), where('keys.id', '=', nameOrId)]))
  }
}

function missing(key: string): HsmError {
  return new HsmError('NOT_FOUND', `there is no key ${key}`)
}
