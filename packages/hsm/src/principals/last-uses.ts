/** When credentials and sessions were last used: kept in memory, and written for all of them at once. */
import type { Store } from '../store/store.ts'

export class LastUses {
  readonly #store: Store
  readonly #table: 'credentials' | 'sessions'
  /** Not written yet, by the id of the row. */
  readonly #at = new Map<string, number>()

  constructor(store: Store, table: 'credentials' | 'sessions') {
    this.#store = store
    this.#table = table
  }

  note(id: string, at: number): void {
    this.#at.set(id, at)
  }

  /** Undefined: what is written is the last one. */
  get(id: string): number | undefined {
    return this.#at.get(id)
  }

  /** What cannot be written is kept for the next time. */
  async write(): Promise<void> {
    const used = [...this.#at]
    if (used.length === 0) return
    await this.#store.write(async db => {
      for (const [id, at] of used) {
        await db.updateTable(this.#table).set({ last_used_at: at }).where('id', '=', id).execute()
      }
    })
    for (const [id, at] of used) if (this.#at.get(id) === at) this.#at.delete(id)
  }
}
