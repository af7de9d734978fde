/** How often keys are used: counted in memory, and written for all of them at once. */
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
