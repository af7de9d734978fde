/**
 * Appends to the chains: what is to be recorded while a transaction is under way goes together into the next one, and waits for one
 * sync of the disk. What has happened meanwhile comes first, in the order in which it did.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { chainRecord } from '@keytether/audit'
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Row, Tables } from '../store/tables.ts'
import { type Entry, entryOfEvent, searched } from './entry.ts'
import { chainOf, type Head, readHead, writeHead } from './heads.ts'
import { insertRows } from './rows.ts'

interface Waiting {
  readonly entry: Entry
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const mostTogether = 512
/** How many wait before others are turned away. */
const mostWaiting = 8_192
const pauseMs = 1_000
/** A commit of SQLite stops the whole process: twice as long after one, others have their turn, and what they record shares the next. */
const mostGatheringMs = 20

/** What is known of the chains, as it was committed. */
interface Known {
  readonly heads: ReadonlyMap<string, Head>
  readonly lastEvent: number
}

export class Appender implements AsyncDisposable {
  readonly #foundation: Pick<Foundation, 'store' | 'history'>
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #again: NodeJS.Timeout | undefined
  /** Something may have happened that is not recorded yet. */
  #news = true
  /** None: it has to be read. */
  #known: Known | undefined
  /** When the next commit may begin, as `performance.now` has it. */
  #nextAt = 0
  #ended = false

  constructor(foundation: Pick<Foundation, 'store' | 'history'>) {
    this.#foundation = foundation
    foundation.history.events.on('event', this.#onEvent)
    this.#start()
  }

  /**
   * Resolves when it is durable.
   *
   * @throws HsmError `BUSY`, `DATABASE`, `OUTCOME_UNKNOWN`
   */
  append(entry: Entry): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#waiting.length >= mostWaiting) {
      reject(new HsmError('BUSY', `${mostWaiting} records wait for the database`, { retryAfterMs: 1_000 }))
      return promise
    }
    this.#waiting.push({ entry, resolve, reject })
    this.#start()
    return promise
  }

  /** Resolves when all that has happened is recorded, or cannot be. */
  async settled(): Promise<void> {
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#foundation.history.events.off('event', this.#onEvent)
    clearTimeout(this.#again)
    await this.settled()
  }

  readonly #onEvent = () => {
    this.#news = true
    this.#start()
  }

  #start(): void {
    if (this.#waiting.length > 0 || this.#news) this.#running ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#news) {
      const restMs = this.#nextAt - performance.now()
      if (restMs > 0) await sleep(restMs)
      const batch = this.#waiting.splice(0, mostTogether)
      try {
        await this.#write(batch)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        // It may have been committed all the same.
        this.#known = undefined
        this.#news = true
        for (const { reject } of batch) reject(error)
        if (this.#waiting.length > 0) continue
        this.#startLater()
        break
      }
    }
    this.#running = undefined
  }

  /** What nobody waits for is tried again. */
  #startLater(): void {
    if (this.#ended) return
    clearTimeout(this.#again)
    this.#again = setTimeout(() => this.#start(), pauseMs).unref()
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { store } = this.#foundation
    const began = performance.now()
    for (;;) {
      const news = this.#news
      this.#news = false
      const { known, more } = await store.write(async db => {
        const before = this.#known ?? (await readKnown(db))
        const events = news ? await eventsAfter(db, before.lastEvent) : []
        const more = events.length === mostTogether
        // What was asked after something had happened comes after it.
        const entries = [...events.map(entryOfEvent), ...(more ? [] : batch.map(({ entry }) => entry))]
        const heads = await appendAll(db, store.kind, before.heads, entries)
        const lastEvent = events.at(-1)?.id ?? before.lastEvent
        if (events.length > 0) await db.updateTable('audit_events').set({ last: lastEvent }).execute()
        return { known: { heads, lastEvent }, more }
      })
      this.#known = known
      if (!more) break
      this.#news = true
    }
    const ended = performance.now()
    if (store.kind === 'SQLite') this.#nextAt = ended + Math.min(2 * (ended - began), mostGatheringMs)
  }
}

async function readKnown(db: Transaction<Tables>): Promise<Known> {
  const { last } = await db.selectFrom('audit_events').select('last').executeTakeFirstOrThrow()
  return { heads: new Map(), lastEvent: last }
}

function eventsAfter(db: Transaction<Tables>, last: number): Promise<Row<'events'>[]> {
  return db.selectFrom('events').selectAll().where('id', '>', last).orderBy('id').limit(mostTogether).execute()
}

/** @returns the heads with those that were read or changed */
async function appendAll(
  db: Transaction<Tables>,
  kind: 'SQLite' | 'PostgreSQL',
  before: ReadonlyMap<string, Head>,
  entries: readonly Entry[],
): Promise<ReadonlyMap<string, Head>> {
  if (entries.length === 0) return before
  const heads = new Map(before)
  const changed = new Set<string>()
  const rows: Row<'audit'>[] = []
  for (const entry of entries) {
    const chain = chainOf(entry.tenant)
    const head = heads.get(chain) ?? (await readHead(db, chain))
    // Where the clock was put back, time stands still: records are found by it.
    const at = Math.max(head.at, entry.at)
    const { tenant, at: _, ...told } = entry
    const made = chainRecord(head, tenant, { at: new Date(at).toISOString(), ...told })
    heads.set(chain, { ...made.head, at })
    changed.add(chain)
    rows.push({ chain, seq: head.size, at, ...searched(entry), line: Buffer.from(made.line).toString() })
  }
  await insertRows(db, kind, rows)
  for (const chain of changed) await writeHead(db, chain, heads.get(chain)!)
  return heads
}
