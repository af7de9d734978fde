/** What happened, for who asks and for who listens. Tenants hear of what happened in them, root of what happened to the service. */
import { once } from 'node:events'
import type { SelectQueryBuilder } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { type Page, type PageRequest, pageOf } from '../store/page.ts'
import type { Row, Tables } from '../store/tables.ts'

export interface EventFilter {
  /** `key.created`, or `key` for everything that happens to keys; any of these. */
  readonly types?: readonly string[] | undefined
  /** The id of what it happened to. */
  readonly subject?: string | undefined
  /** The id of the principal who did it. */
  readonly actor?: string | undefined
  /** Milliseconds UTC. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

export interface Event {
  /** Later events have greater ones. */
  readonly id: number
  readonly at: number
  readonly type: string
  readonly subject: string
  readonly actor: string | null
  readonly data: unknown
}

/** How many are read at once for who listens: what has not been taken yet stays in the database. */
const atOnce = 100

export class Events {
  readonly #foundation: Foundation

  constructor(foundation: Foundation) {
    this.#foundation = foundation
  }

  /** The latest first. */
  async list(caller: Caller, filter: EventFilter, page: PageRequest): Promise<Page<Event>> {
    const before = page.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(page.cursor)
    if (!Number.isSafeInteger(before)) throw new HsmError('INVALID', 'cursor: wanted what an earlier page gave')
    const rows = await this.#wanted(caller, filter)
      .where('id', '<', before)
      .orderBy('id', 'desc')
      .limit(page.limit + 1)
      .execute()
    return pageOf(rows, page, ({ id }) => String(id), eventOf)
  }

  /** The id of the latest one; 0: there is none. */
  async latest(): Promise<number> {
    const row = await this.#foundation.store.db
      .selectFrom('events')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return Number(row?.id ?? 0)
  }

  /**
   * Each event after one, in order and once, for ever: what there is, and then as it happens.
   *
   * @param everyMs yields undefined when nothing happened for so long
   */
  async *follow(
    caller: Caller,
    filter: EventFilter,
    after: number,
    { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Event | undefined> {
    const { events } = this.#foundation.history
    let news = true
    const onEvent = () => (news = true)
    events.on('event', onEvent)
    try {
      for (let last = after; !signal.aborted; ) {
        news = false
        const rows = await this.#wanted(caller, filter).where('id', '>', last).orderBy('id').limit(atOnce).execute()
        for (const row of rows) {
          last = Number(row.id)
          yield eventOf(row)
        }
        if (rows.length === atOnce || news) continue
        const quiet = AbortSignal.any([AbortSignal.timeout(everyMs), signal])
        await once(events, 'event', { signal: quiet }).catch(() => {})
        if (!news && !signal.aborted) yield undefined
      }
    } finally {
      events.off('event', onEvent)
    }
  }

  #wanted({ tenant }: Caller, { types, subject, actor, since, until }: EventFilter) {
    let query: SelectQueryBuilder<Tables, 'events', Row<'events'>> = this.#foundation.store.db
      .selectFrom('events')
      .selectAll()
    query = tenant === null ? query.where('tenant_id', 'is', null) : query.where('tenant_id', '=', tenant)
    if (types !== undefined) {
      query = query.where(where =>
        where.or(types.flatMap(type => [where('type', '=', type), where('type', 'like', `${type}.%`)])),
      )
    }
    if (subject !== undefined) query = query.where('subject', '=', subject)
    if (actor !== undefined) query = query.where('actor', '=', actor)
    if (since !== undefined) query = query.where('at', '>=', since)
    if (until !== undefined) query = query.where('at', '<', until)
    return query
  }
}

function eventOf({ id, at, type, subject, actor, data }: Row<'events'>): Event {
  return { id: Number(id), at: Number(at), type, subject, actor, data: JSON.parse(data) }
}
