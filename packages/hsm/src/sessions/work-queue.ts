/** Work for one device: done in order, by itself or beside other work that may overlap with it, at most so much of it waiting. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { HsmError } from '../errors.ts'

interface Job {
  /** Others of this kind may run beside it. */
  readonly overlapping: boolean
  start(): Promise<void>
  refuse(reason: unknown): void
}

export class WorkQueue {
  readonly #limit: number
  #waiting: Job[] = []
  #running = 0
  /** What runs has to be by itself. */
  #alone = false
  #closed: unknown
  #idle: (() => void)[] = []

  /** @param limit how many jobs may wait, beside the one that runs */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many jobs are running or waiting. */
  get length(): number {
    return this.#waiting.length + this.#running
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limit
  }

  /**
   * Runs a job when its turn comes. An aborted job that still waits is not run; one that already runs is not waited for.
   *
   * @throws HsmError BUSY if too much waits already, TIMEOUT if the signal aborts; what `close` was told, if closed
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (signal.aborted) return Promise.reject(timedOut(signal))
    if (this.full)
      return Promise.reject(new HsmError('BUSY', `${this.length} operations are waiting already, try later`))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // It is started by whatever ended before, and is still for who asked.
    const start = AsyncLocalStorage.bind(() => work().then(resolve, reject))
    const job: Job = { overlapping: false, start, refuse: reject }
    const abort = () => {
      this.#waiting = this.#waiting.filter(other => other !== job)
      reject(timedOut(signal))
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#waiting.push(job)
    this.#next()
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }

  /**
   * Runs a job beside others of its kind, as soon as no other runs or waits. How many there are is for the caller to limit.
   *
   * @throws what `close` was told, if closed
   */
  beside<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.push({ overlapping: true, start: () => work().then(resolve, reject), refuse: reject })
    this.#next()
    return promise
  }

  /** Refuses what waits and what comes later with this reason. What runs, runs on. */
  close(reason: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    for (const job of this.#waiting.splice(0)) job.refuse(reason)
    this.#next()
  }

  /** Resolves when nothing runs or waits. */
  idle(): Promise<void> {
    if (this.length === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  #next(): void {
    for (;;) {
      const [job] = this.#waiting
      if (job === undefined) break
      if (this.#alone || (this.#running > 0 && !job.overlapping)) return
      this.#waiting.shift()
      this.#running++
      this.#alone = !job.overlapping
      job.start().finally(() => {
        this.#running--
        this.#alone = false
        this.#next()
      })
    }
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }
}

export function timedOut(signal: AbortSignal): HsmError {
  return new HsmError('TIMEOUT', 'no answer within the time given', { cause: signal.reason })
}
