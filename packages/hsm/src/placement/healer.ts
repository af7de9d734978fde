/**
 * Brings groups back to where every member has every key: one round at a time for each group, when a member has become ready,
 * when it is asked for, and again later where something could not be done.
 */

import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { GroupRow, Groups } from '../groups/groups.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Row } from '../store/tables.ts'
import type { GroupReport } from './report.ts'
import { type HealingParts, healingRound } from './round.ts'
import type { Work } from './work.ts'

interface Parts extends HealingParts, Foundation {
  readonly groups: Groups
  group(id: string): Promise<GroupRow>
  report(group: GroupRow): Promise<GroupReport>
}

interface Healing {
  /** The round that runs, and another one after it if something has changed meanwhile. */
  running: Promise<void> | undefined
  again: boolean
  timer: NodeJS.Timeout | undefined
  /** How often in a row something was left to do. */
  failures: number
  /** What was told last. */
  state: GroupReport['state'] | undefined
}

const wanted = ['key.created', 'key.imported', 'key.adopted', 'key.restored', 'device.joined', 'device.claimed']
const shortestMs = 2_000
const longestMs = 300_000

export class Healer implements AsyncDisposable {
  readonly #parts: Parts
  readonly #stop = new AbortController()
  readonly #groups = new Map<string, Healing>()
  readonly #onChange: (device: DeviceSession) => void
  readonly #onEvent: (event: Row<'events'>) => void

  constructor(parts: Parts) {
    this.#parts = parts
    this.#onChange = ({ id, state }) => {
      const group = id === undefined ? undefined : parts.groups.memberOf(id)?.group
      if (group !== undefined && (state === 'ready' || state === 'offline' || state === 'lent')) {
        this.#of(group).failures = 0
        this.request(group)
      }
    }
    parts.devices.events.on('change', this.#onChange)
    this.#onEvent = event => void this.#concerned(event).catch(() => {})
    parts.history.events.on('event', this.#onEvent)
  }

  /** A group has another member, or a key more. */
  async #concerned({ type, subject }: Row<'events'>): Promise<void> {
    const { db } = this.#parts.store
    // Which group it has left is not known any more.
    if (type === 'device.released' || type === 'device.retired') {
      for (const [group, { state }] of this.#groups) if (state !== 'healthy') this.request(group)
    }
    if (!wanted.includes(type)) return
    const table = type.startsWith('key.') ? 'keys' : 'devices'
    const row = await db.selectFrom(table).select('group_id').where('id', '=', subject).executeTakeFirst()
    if (typeof row?.group_id === 'string') this.request(row.group_id)
  }

  /** Soon, unless a round runs, then after it. */
  request(group: string): void {
    this.now(group, this.#stop.signal).catch(() => {
      // What could not be done is tried again, and told with the state of the group.
    })
  }

  /** Resolves when a round that has begun after this call is over. */
  async now(group: string, signal: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) return
    const healing = this.#of(group)
    if (healing.running) healing.again = true
    else healing.running = this.#run(group, healing)
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = () => reject(new HsmError('TIMEOUT', 'the group is still being healed'))
    signal.addEventListener('abort', abort, { once: true })
    await Promise.race([healing.running, promise]).finally(() => signal.removeEventListener('abort', abort))
  }

  async #run(id: string, healing: Healing): Promise<void> {
    clearTimeout(healing.timer)
    try {
      do {
        healing.again = false
        const left = await this.#round(id, healing)
        healing.failures = left ? healing.failures + 1 : 0
      } while (healing.again && !this.#stop.signal.aborted)
    } catch (error) {
      healing.failures++
      if (!this.#stop.signal.aborted) throw error
    } finally {
      healing.running = undefined
      if (healing.failures > 0 && !this.#stop.signal.aborted) {
        const wait = Math.min(longestMs, shortestMs * 2 ** (healing.failures - 1))
        healing.timer = setTimeout(() => this.request(id), wait).unref()
      }
    }
  }

  /** @returns whether something is left that may go better later */
  async #round(id: string, healing: Healing): Promise<boolean> {
    const group = await this.#parts.group(id)
    const work: Work = { pools: this.#parts.pools, priority: 'background', signal: this.#stop.signal }
    const left = await healingRound(this.#parts, work, group)
    const { state, reasons } = await this.#parts.report(await this.#parts.group(id))
    const before = healing.state
    healing.state = state
    const wasWell = before === undefined || before === 'healthy' || before === 'empty'
    const isWell = state === 'healthy' || state === 'empty'
    if (before !== state && !(wasWell && isWell)) {
      const type = isWell ? 'group.healed' : 'group.degraded'
      await this.#parts.history.record({ tenant: group.tenant_id, type, subject: id, data: { state, reasons } })
    }
    return left
  }

  #of(group: string): Healing {
    let healing = this.#groups.get(group)
    if (healing === undefined) {
      healing = { running: undefined, again: false, timer: undefined, failures: 0, state: undefined }
      this.#groups.set(group, healing)
    }
    return healing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#parts.devices.events.off('change', this.#onChange)
    this.#parts.history.events.off('event', this.#onEvent)
    for (const { timer } of this.#groups.values()) clearTimeout(timer)
    await Promise.allSettled([...this.#groups.values()].map(({ running }) => running))
  }
}
