/** What happened: written with what it tells of, and told to who listens when it is durable. */
import { EventEmitter } from 'node:events'
import type { Transaction } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Row, Tables } from '../store/tables.ts'

export interface Happening {
  /** None: of the service itself. */
  readonly tenant: string | null
  /** As `device.ready`, `key.created`. */
  readonly type: string
  /** The id of what it happened to. */
  readonly subject: string
  /** The id of the principal who did it; absent: the service by itself. */
  readonly actor?: string
  /** Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>
}

export class History {
  /** `event`: something is durable. */
  readonly events = new EventEmitter<{ event: [event: Row<'events'>] }>()
  readonly #store: Store
  readonly #now: () => number

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store
    this.#now = now
    this.events.setMaxListeners(0)
  }

  /** Changes something and records that. */
  async write<T>(
    change: (db: Transaction<Tables>) => Promise<{ readonly value: T; readonly happened: readonly Happening[] }>,
  ): Promise<T> {
    const { value, rows } = await this.#store.write(async db => {
      const { value, happened } = await change(db)
      const rows: Row<'events'>[] = []
      for (const { tenant, type, subject, actor, data } of happened) {
        const event = {
          tenant_id: tenant,
          at: this.#now(),
          type,
          subject,
          actor: actor ?? null,
          data: JSON.stringify(data ?? {}),
        }
        const { id } = await db.insertInto('events').values(event).returning('id').executeTakeFirstOrThrow()
        rows.push({ id, ...event })
      }
      return { value, rows }
    })
    for (const row of rows) this.events.emit('event', row)
    return value
  }

  /** Records something that changed nothing else. */
  record(...happened: readonly Happening[]): Promise<void> {
    return this.write(async () => ({ value: undefined, happened }))
  }
}
