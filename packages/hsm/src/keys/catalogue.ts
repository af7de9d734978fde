/** Keys and their versions in memory, so that using one asks nothing of the database. The database stays the truth. */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { HeldKey } from '../sessions/held-keys.ts'
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
  /** Ids by what cards hold of their versions. */
  readonly #held = new Map<string, Set<string>>()
  #loading: Promise<void> = Promise.resolve()

  constructor(store: Foundation['store']) {
    this.#store = store
  }

  /** All keys anew, or one that has changed. One after the other: what was read first must not take the place of what was read last. */
  load(id?: string): Promise<void> {
    const loaded = this.#loading.then(() => this.#load(id))
    this.#loading = loaded.catch(() => {})
    return loaded
  }

  async #load(id?: string): Promise<void> {
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
      for (const version of byKey.get(key.id) ?? []) {
        const held = heldOf(version.card_key_id, version.identity)
        this.#held.set(held, (this.#held.get(held) ?? new Set()).add(key.id))
      }
    }
  }

  /** The versions of the tenant's keys that a card holds under this id. */
  versionsHeld(
    { tenant }: Pick<Caller, 'tenant'>,
    { id, identity }: Pick<HeldKey, 'id' | 'identity'>,
  ): { readonly found: CataloguedKey; readonly version: VersionRow }[] {
    return [...(this.#held.get(heldOf(id, identity)) ?? [])]
      .map(key => this.#keys.get(key)!)
      .filter(({ key }) => key.tenant_id === tenant)
      .flatMap(found =>
        found.versions
          .filter(version => version.card_key_id === id && version.identity === identity)
          .map(version => ({ found, version })),
      )
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
    for (const { card_key_id, identity } of known.versions) {
      const held = heldOf(card_key_id, identity)
      this.#held.get(held)?.delete(id)
      if (this.#held.get(held)?.size === 0) this.#held.delete(held)
    }
  }
}

function nameOf(tenant: string, name: string): string {
  return `${tenant} ${name}`
}

function heldOf(cardKeyId: string | null, identity: string | null): string {
  return `${cardKeyId} ${identity}`
}

/** @throws HsmError STALE */
export function nothingStale({ name, revision }: KeyRow, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === revision) return
  throw new HsmError('STALE', `key ${name} has changed: wanted revision ${ifMatch}, it is ${revision}`)
}
