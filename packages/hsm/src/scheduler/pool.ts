/** The devices of a group at work: what is asked of them goes to whichever is free, and is done by another one if that is lost. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { DeviceLostError, HsmError } from '../errors.ts'
import { currentRequest, type DeviceOperation } from '../requests/context.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { timedOut } from '../sessions/work-queue.ts'
import { systemClock } from './clock.ts'
import type { Attempt, MemberOptions } from './member.ts'
import type { Operation } from './operation.ts'
import { Scheduler } from './scheduler.ts'
import { Speed } from './speed.ts'

interface Job extends Operation<unknown> {
  readonly askedAt: number
  /** The id of the request that it is for. */
  readonly request: string | undefined
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** See `MemberOptions`. */
export type Place = Pick<MemberOptions, 'priority' | 'standby'>

export class Pool {
  readonly #devices = new Map<string, Required<Place> & { readonly device: DeviceSession }>()
  /** What has been learned stays, also while a device is away. */
  readonly #speeds = new Map<string, Speed>()
  readonly #scheduler: Scheduler<Job>
  readonly #ended: (operation: DeviceOperation) => void

  /**
   * @param limit how many operations may wait for each member
   * @param ended a member has done an operation, or has not
   */
  constructor(limit: number, ended: (operation: DeviceOperation) => void = () => {}) {
    this.#ended = ended
    this.#scheduler = new Scheduler<Job>({
      clock: systemClock,
      limit,
      start: (job, attempt) => void this.#start(job, attempt),
      fail: (job, error) => job.reject(error),
    })
  }

  /** The members that are ready. */
  get members(): readonly DeviceSession[] {
    return [...this.#devices.values()].map(({ device }) => device)
  }

  /**
   * Has a member do it when its turn comes. What a lost member did not answer is done by another one if it is repeatable.
   *
   * @param signal ends the waiting; a command that is on its way is not called back
   * @throws HsmError NO_DEVICE, BUSY, TIMEOUT, KEY_NOT_USABLE, OUTCOME_UNKNOWN; what the operation throws
   */
  run<T>(operation: Operation<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(timedOut(signal))
    return new Promise<T>((resolve, reject) => {
      const { kind, key, on, repeatable, priority, single } = operation
      const settled = () => signal.removeEventListener('abort', abort)
      const task = this.#scheduler.submit({
        kind,
        ...(key !== undefined && { key }),
        ...(on && { on }),
        repeatable,
        ...(priority && { priority }),
        single,
        askedAt: performance.now(),
        request: currentRequest()?.id,
        // It is started by whatever makes a device free, and is still for who asked.
        run: AsyncLocalStorage.bind((card, device) => operation.run(card, device)),
        resolve(value) {
          settled()
          resolve(value as T)
        },
        reject(error) {
          settled()
          reject(error)
        },
      })
      const abort = () => {
        this.#scheduler.withdraw(task)
        reject(timedOut(signal))
      }
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** How many operations wait for a member. */
  get waiting(): number {
    return this.#scheduler.waiting
  }

  /** What a device, by its certified path, has been seen to take for each kind of operation, without the way there and back. */
  chipMs(device: string): ReadonlyMap<string, number> {
    return this.#speeds.get(device)?.kinds() ?? new Map()
  }

  /** See `Scheduler.usualMs`. */
  usualMs(kind: string): number | undefined {
    return this.#scheduler.usualMs(kind)
  }

  /** See `Scheduler.expectedMs`. */
  expectedMs(kind: string, elsewhereMs: number | undefined): number {
    return this.#scheduler.expectedMs(kind, elsewhereMs)
  }

  /** The device is ready, or has another place here than before. */
  join(device: DeviceSession, { priority = 0, standby = false }: Place = {}): void {
    const id = device.id!
    const former = this.#devices.get(id)
    if (former?.device === device && former.priority === priority && former.standby === standby) return
    this.#devices.set(id, { device, priority, standby })
    let speed = this.#speeds.get(id)
    if (speed === undefined) {
      speed = new Speed()
      this.#speeds.set(id, speed)
    }
    if (former?.device !== device && device.roundTripMs !== undefined) speed.linkMs = device.roundTripMs
    this.#scheduler.join({ id, speed, duplex: device.duplex, priority, standby })
  }

  /** The device is given nothing more here; what it has, it ends. */
  retire(device: DeviceSession): void {
    const id = device.id!
    if (this.#devices.get(id)?.device !== device) return
    this.#scheduler.retire(id)
    this.#devices.delete(id)
  }

  /** The device is gone. */
  lose(device: DeviceSession, reason: string): void {
    const id = device.id!
    const present = this.#devices.get(id)?.device
    if (present !== undefined && present !== device) return
    this.#devices.delete(id)
    this.#scheduler.lose(id, reason)
  }

  /** Resolves when nothing waits or runs. */
  idle(): Promise<void> {
    return this.#scheduler.idle()
  }

  async #start(job: Job, attempt: Attempt<Job>): Promise<void> {
    const { device } = this.#devices.get(attempt.member.id)!
    let startedAt: number | undefined
    const ended = (outcome: DeviceOperation['outcome']) => {
      const { kind, key, request, askedAt } = job
      const endedAt = performance.now()
      const operation = {
        kind,
        key,
        device: device.id!,
        request,
        askedAt,
        startedAt: startedAt ?? endedAt,
        endedAt,
        outcome,
      }
      this.#ended(operation)
    }
    try {
      const value = await device.use(card => {
        startedAt = performance.now()
        return job.run(card, device)
      }, job.single)
      ended('done')
      if (this.#scheduler.answered(attempt)) job.resolve(value)
    } catch (error) {
      ended(outcomeOf(error))
      if (error instanceof DeviceLostError) {
        this.lose(device, error.message)
        this.#scheduler.lost(attempt, error.message)
      } else if (error instanceof HsmError && error.code === 'KEY_NOT_USABLE') this.#scheduler.refused(attempt, error)
      else if (this.#scheduler.answered(attempt, false)) job.reject(error)
    }
  }
}

function outcomeOf(error: unknown): DeviceOperation['outcome'] {
  if (error instanceof DeviceLostError) return 'lost'
  return error instanceof HsmError && error.code === 'KEY_NOT_USABLE' ? 'refused' : 'failed'
}

/** Which of several pools is expected to answer first, where any of them can do it. */
export function quickestPool(pools: readonly Pool[], kind: string): Pool | undefined {
  if (pools.length < 2) return pools[0]
  const usualMs = pools.map(pool => pool.usualMs(kind)).find(ms => ms !== undefined)
  const expected = new Map(pools.map(pool => [pool, pool.expectedMs(kind, usualMs)]))
  return pools.reduce((best, pool) => (expected.get(pool)! < expected.get(best)! ? pool : best))
}
