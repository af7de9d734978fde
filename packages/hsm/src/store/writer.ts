/**
 * Group commit: what is to be written while a transaction is under way goes together into the next one, so that many share one
 * sync of the disk.
 */
import { setImmediate } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Trouble } from './dialect.ts'
import type { Tables } from './tables.ts'

/** What one caller writes. */
interface Work {
  /** Returns what tells the caller that it is durable. */
  run(db: Transaction<Tables>): Promise<() => void>
  reject(error: unknown): void
}

/** How many share a transaction: of so many subtransactions PostgreSQL keeps track in memory. */
const mostTogether = 64
/** How many wait before others are turned away. */
const mostWaiting = 2_000
const attempts = 3

/** Who is told. */
interface Told {
  /** It is not known whether something was committed. */
  doubt(): void
  /** So many writes are durable, after so long. */
  committed(writes: number, ms: number): void
}

export class Writer {
  readonly #db: Kysely<Tables>
  readonly #trouble: (error: unknown) => Trouble | undefined
  readonly #told: Told
  readonly #waiting: Work[] = []
  #running: Promise<void> | undefined

  constructor(db: Kysely<Tables>, trouble: (error: unknown) => Trouble | undefined, told: Told) {
    this.#db = db
    this.#trouble = trouble
    this.#told = told
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  write<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#waiting.length >= mostWaiting) {
      reject(new HsmError('BUSY', `${mostWaiting} changes wait for the database`, { retryAfterMs: 1_000 }))
      return promise
    }
    const run = async (db: Transaction<Tables>) => {
      const value = await work(db)
      return () => resolve(value)
    }
    this.#waiting.push({ run, reject })
    this.#running ??= this.#commitAll()
    return promise
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    await this.#running
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commit(this.#waiting.splice(0, mostTogether))
      // Who was answered may want to write again at once: that goes together, too.
      await setImmediate()
    }
    this.#running = undefined
  }

  async #commit(batch: readonly Work[]): Promise<void> {
    const begun = performance.now()
    for (let attempt = 1; ; attempt++) {
      let committing = false
      try {
        const outcomes = await this.#db.transaction().execute(async db => {
          const outcomes = await this.#runAll(db, batch)
          committing = true
          return outcomes
        })
        for (const tell of outcomes) tell()
        this.#told.committed(batch.length, performance.now() - begun)
        return
      } catch (error) {
        const trouble = this.#trouble(error)
        if (attempt < attempts && trouble === 'conflict') continue
        const inDoubt = committing && trouble === 'unavailable'
        for (const { reject } of batch) reject(inDoubt ? unknownOutcome(error as Error) : this.#reason(error))
        if (inDoubt) this.#told.doubt()
        return
      }
    }
  }

  async #runAll(db: Transaction<Tables>, batch: readonly Work[]): Promise<(() => void)[]> {
    if (batch.length === 1) return [await batch[0]!.run(db)]
    const outcomes: (() => void)[] = []
    for (const work of batch) outcomes.push(await this.#runInside(db, work))
    return outcomes
  }

  /**
   * What fails is undone alone: savepoints of one name hide those before, and all of them end with the transaction. Its caller is told with the others: it may have failed because of what they
   * write.
   */
  async #runInside(db: Transaction<Tables>, { run, reject }: Work): Promise<() => void> {
    await sql`savepoint work`.execute(db)
    try {
      return await run(db)
    } catch (error) {
      if (this.#trouble(error) !== undefined) throw error
      await sql`rollback to savepoint work`.execute(db)
      return () => reject(error)
    }
  }

  #reason(error: unknown): unknown {
    if (this.#trouble(error) === undefined) return error
    return new HsmError('DATABASE', `cannot write to the database: ${(error as Error).message}`, { cause: error })
  }
}

function unknownOutcome(error: Error): HsmError {
  const message = `the database was lost when it was to commit (${error.message}): it may have been done, look before you repeat it`
  return new HsmError('OUTCOME_UNKNOWN', message, { cause: error })
}
