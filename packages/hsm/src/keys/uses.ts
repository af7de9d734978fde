/** How often keys are used: counted in memory, and written for all of them at once. */
import type { Caller } from '../principals/caller.ts'
import type { Store } from '../store/store.ts'

const flushMs = 1_000

export class Uses implements AsyncDisposable {
  readonly #store: Store
  readonly #now: () => number
  /** Since the last writing, by version id. */
  #counts = new Map<string, { uses: number; lastAt: number }>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(store: Store, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** Uses that have happened. A crash forgets those of the last second. */
  add(versionId: string, uses = 1): void {
    const count = this.#counts.get(versionId)
    if (count) {
      count.uses += uses
      count.lastAt = this.#now()
    } else this.#counts.set(versionId, { uses, lastAt: this.#now() })
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref()
  }

  /** Not written yet. */
  pending(versionId: string): { readonly uses: number; readonly lastAt?: number } {
    return this.#counts.get(versionId) ?? { uses: 0 }
  }

  /** Of all versions of a tenant's keys. */
  async counts({
    tenant,
  }: Caller): Promise<{ readonly name: string; readonly version: number; readonly uses: number }[]> {
    if (tenant === null) return []
    const rows = await this.#store.db
      .selectFrom('key_versions')
      .innerJoin('keys', 'keys.id', 'key_versions.key_id')
      .select(['key_versions.id', 'keys.name', 'key_versions.version', 'key_versions.uses'])
      .where('keys.tenant_id', '=', tenant)
      .execute()
    return rows.map(({ id, name, version, uses }) => ({ name, version, uses: uses + this.pending(id).uses }))
  }

  /** Writes what is counted; what cannot be written is kept for the next time. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const counts = this.#counts
    if (counts.size === 0) return
    this.#counts = new Map()
    try {
      await this.#store.write(async db => {
        for (const [id, { uses, lastAt }] of counts) {
          await db
            .updateTable('key_versions')
            .set(row => ({ uses: row('uses', '+', uses), last_used_at: lastAt }))
            .where('id', '=', id)
            .execute()
        }
      })
    } catch {
      for (const [id, { uses }] of counts) this.add(id, uses)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
  }
}
