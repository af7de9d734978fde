/**
 * Requests that their senders named, with their answers: sent again, they are answered again and not done again, for a day.
 *
 * What is under way is in memory alone, since one process has the database. If it dies between a change and the record of the answer,
 * the request is done again when it is sent again; what cannot be done twice refuses then, as with a name that is taken.
 */
import { createHash } from 'node:crypto'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { SealedPlace } from '../vault/places.ts'
import type { Vault } from '../vault/vault.ts'

export interface NamedRequest {
  readonly caller: Caller
  /** What the sender calls it. */
  readonly key: string
  /** All that makes it the request that it is, as text. */
  readonly content: string
  /** It or its answer holds a secret: what is kept of them is sealed. */
  readonly secret: boolean
}

export interface RecordedAnswer {
  readonly status: number
  readonly answer: unknown
}

const keptMs = 24 * 60 * 60_000
const cleaningMs = 10 * 60_000
/** How many are forgotten with one write. */
const atOnce = 1_000

export class Requests implements Disposable {
  readonly #foundation: Foundation
  readonly #vault: Vault
  /** By principal and key. */
  readonly #underWay = new Map<string, { readonly hash: string; readonly done: Promise<RecordedAnswer> }>()
  readonly #cleaning: NodeJS.Timeout

  constructor(foundation: Foundation, vault: Vault) {
    this.#foundation = foundation
    this.#vault = vault
    this.#cleaning = setInterval(() => void this.forget().catch(() => {}), cleaningMs).unref()
  }

  /**
   * Does it, or tells what came of it before. What fails is not recorded, and done again when it is sent again.
   *
   * @param signal of who waits; the work goes on without it
   * @throws HsmError `KEY_REUSED`, `UNDER_WAY` when the signal is aborted before the same request is done, `SEALED`, and whatever `work`
   *   throws
   */
  async once(
    request: NamedRequest,
    signal: AbortSignal,
    work: () => Promise<RecordedAnswer>,
  ): Promise<RecordedAnswer & { readonly replayed: boolean }> {
    const name = rowName(request)
    const hash = createHash('sha256').update(request.content).digest('hex')
    const same = this.#underWay.get(name)
    if (same !== undefined) {
      demandSame(same.hash, hash)
      return { ...(await patient(same.done, signal)), replayed: true }
    }
    const done = this.#recordedOr(request, hash, work)
    this.#underWay.set(name, { hash, done })
    try {
      return await done
    } finally {
      this.#underWay.delete(name)
    }
  }

  /** Forgets what is older than a day. */
  async forget(): Promise<void> {
    const { store, now } = this.#foundation
    const before = now() - keptMs
    for (let more = true; more; ) {
      more = await store.write(async db => {
        const old = await db
          .selectFrom('idempotency')
          .select(['principal_id', 'idempotency_key'])
          .where('created_at', '<', before)
          .limit(atOnce)
          .execute()
        for (const { principal_id, idempotency_key } of old) {
          await db
            .deleteFrom('idempotency')
            .where('principal_id', '=', principal_id)
            .where('idempotency_key', '=', idempotency_key)
            .execute()
        }
        return old.length === atOnce
      })
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#cleaning)
  }

  async #recordedOr(
    request: NamedRequest,
    hash: string,
    work: () => Promise<RecordedAnswer>,
  ): Promise<RecordedAnswer & { readonly replayed: boolean }> {
    const row = await this.#foundation.store.db
      .selectFrom('idempotency')
      .selectAll()
      .where('principal_id', '=', request.caller.principal)
      .where('idempotency_key', '=', request.key)
      .where('created_at', '>=', this.#foundation.now() - keptMs)
      .executeTakeFirst()
    if (row !== undefined) {
      demandSame(this.#open(request, 'request_hash', row.request_hash), hash)
      return { status: row.status, answer: JSON.parse(this.#open(request, 'answer', row.answer)), replayed: true }
    }
    // Before anything is done that could not be recorded.
    const request_hash = this.#seal(request, 'request_hash', hash)
    const { status, answer } = await work()
    const kept = {
      request_hash,
      status,
      answer: this.#seal(request, 'answer', JSON.stringify(answer ?? null)),
      created_at: this.#foundation.now(),
    }
    await this.#foundation.store.write(db =>
      db
        .insertInto('idempotency')
        .values({ principal_id: request.caller.principal, idempotency_key: request.key, ...kept })
        .onConflict(conflict => conflict.columns(['principal_id', 'idempotency_key']).doUpdateSet(kept))
        .execute(),
    )
    return { status, answer: answer ?? null, replayed: false }
  }

  #seal(request: NamedRequest, column: KeptColumn, text: string): string {
    if (!request.secret) return text
    return Buffer.from(this.#vault.seal(place(request, column), new TextEncoder().encode(text))).toString('base64')
  }

  #open(request: NamedRequest, column: KeptColumn, kept: string): string {
    if (!request.secret) return kept
    return new TextDecoder().decode(this.#vault.open(place(request, column), Buffer.from(kept, 'base64')))
  }
}

type KeptColumn = 'request_hash' | 'answer'

function rowName({ caller, key }: NamedRequest): string {
  return `${caller.principal} ${key}`
}

function place(request: NamedRequest, column: KeptColumn): SealedPlace {
  return { table: 'idempotency', column, row: rowName(request) }
}

function demandSame(known: string, hash: string): void {
  if (known === hash) return
  throw new HsmError('KEY_REUSED', 'this Idempotency-Key was given to another request: take a new one for each')
}

async function patient<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const message = 'the same request is under way: ask again with the same Idempotency-Key'
  const abort = () => reject(new HsmError('UNDER_WAY', message, { retryAfterMs: 1_000 }))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort))
}
