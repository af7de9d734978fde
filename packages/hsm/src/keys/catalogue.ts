/** Keys and their versions in memory, so that using one asks nothing of the database. The database stays the truth. */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import type { Row } from '../store/tables.ts'

export type KeyRow = Row<'keys'>
/** Without what is large. */
export type VersionRow = Omit<Row<'key_versions'>, 'wrapped' | 'attestation' | 'answer'>

export interface CataloguedKey {
  readonly key: KeyRow
  readonly tags: readonly string[]
  /** In ascending order. */
  readonly versions: readonly VersionRow[]
}

const versionColumns = [
  'other_state',
  'adopted',
  'id',
  'key_id',
  'version',
  'state',
  'state_since',
  'reason',
  'card_key_id',
  'label',
  'public_key',
  'identity',
  'key_domain',
  'certificate',
  'destroy_at',
  'uses',
  'last_used_at',
  'created_at',
] as const satisfies readonly (keyof VersionRow)[]

export class Catalogue {
  readonly #store: Foundation['store']
  readonly #keys = new Map<string, CataloguedKey>()
  /** Ids by tenant and name. */
  readonly #names = new Map<string, string>()

  constructor(store: Foundation['store']) {
    this.#store = store
  }

  /** All keys anew, or one that has changed. */
  async load(id?: string): Promise<void> {
    const { db } = this.#store
    const keys = await db
      .selectFrom('keys')
      .selectAll()
      .$if(id !== undefined, query => query.where('id', '=', id!))
      .execute()
    const versions = await db
      .selectFrom('key_versions')
      .select(versionColumns)
      .$if(id !== undefined, query => query.where('key_id', '=', id!))
      .orderBy('version')
      .execute()
    if (id === undefined) for (const known of [...this.#keys.keys()]) this.#forget(known)
    else this.#forget(id)
    const byKey = Map.groupBy(versions, version => version.key_id)
    for (const key of keys) {
      this.#keys.set(key.id, { key, tags: JSON.parse(key.tags) as string[], versions: byKey.get(key.id) ?? [] })
      this.#names.set(nameOf(key.tenant_id, key.name), key.id)
    }
  }

  /** @throws HsmError NOT_FOUND: it is not there, or another tenant's */
  find({ tenant }: Pick<Caller, 'tenant'>, nameOrId: string): CataloguedKey {
    const id = tenant === null ? undefined : (this.#names.get(nameOf(tenant, nameOrId)) ?? nameOrId)
    const found = id === undefined ? undefined : this.#keys.get(id)
    if (found === undefined || found.key.tenant_id !== tenant) {
      throw new HsmError('NOT_FOUND', `there is no key ${nameOrId}`)
    }
    return found
  }

  named({ tenant }: Pick<Caller, 'tenant'>, name: string): CataloguedKey | undefined {
    const id = tenant === null ? undefined : this.#names.get(nameOf(tenant, name))
    return id === undefined ? undefined : this.#keys.get(id)
  }

  get(id: string): CataloguedKey | undefined {
    return this.#keys.get(id)
  }

  all(): CataloguedKey[] {
    return [...this.#keys.values()]
  }

  #forget(id: string): void {
    const known = this.#keys.get(id)
    if (known === undefined) return
    this.#keys.delete(id)
    this.#names.delete(nameOf(known.key.tenant_id, known.key.name))
  }
}

function nameOf(tenant: string, name: string): string {
  return `${tenant} ${name}`
}

/** @throws HsmError STALE */
export function nothingStale({ name, revision }: KeyRow, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === revision) return
  throw new HsmError('STALE', `key ${name} has changed: wanted revision ${ifMatch}, it is ${revision}`)
}
