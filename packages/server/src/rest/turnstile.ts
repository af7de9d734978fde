/**
 * How many requests of each rate class one principal, or one address without a log-in, may have under way at once; and how many its
 * tenant, and how many a second, so that none takes the service from the others.
 */
import type { RateClass } from '@keytether/api'
import { type Caller, type Limits, networkOf } from '@keytether/hsm'
import { retryAfter } from '../answers.ts'
import { RequestError } from '../errors.ts'

type Kind = RateClass | 'follow'

/** Those that use keys are limited by what the devices take, too. */
const limits = { read: 64, write: 32, use: 1_024, slow: 8, follow: 16 } as const satisfies Record<Kind, number>

export interface TurnstileOptions {
  /** @param tenant its id; null: of the service itself */
  limitsOf?(tenant: string | null): Limits
  /** Milliseconds. */
  now?(): number
}

/** What may come at once fills up again, evenly, in a second. */
interface Bucket {
  level: number
  at: number
}

export class Turnstile {
  /** Only of those that have any under way. */
  readonly #underWay = new Map<string, number>()
  readonly #buckets = new Map<string, Bucket>()
  readonly #limitsOf: Required<TurnstileOptions>['limitsOf']
  readonly #now: () => number

  constructor({ limitsOf = () => ({}), now = () => performance.now() }: TurnstileOptions = {}) {
    this.#limitsOf = limitsOf
    this.#now = now
  }

  /**
   * @param uses how many it stands for: what is more than a second's worth is waited for afterwards
   * @throws RequestError TOO_MANY_REQUESTS
   */
  enter({ principal, tenant, login }: Caller, kind: Kind, uses = 1): Disposable {
    // Those who have not logged in are told apart by where they are.
    const one = `${kind} ${principal || networkOf(login.address)}`
    const rate = kind === 'follow' ? 'read' : kind
    const all = `${rate} of ${tenant}`
    const { perSecond, atOnce } = this.#limitsOf(tenant).rates?.[rate] ?? {}
    this.#demand(one, kind, limits[kind], 'one principal')
    if (atOnce !== undefined && kind !== 'follow') this.#demand(all, rate, atOnce, 'your tenant')
    if (perSecond !== undefined) this.#take(all, rate, perSecond, uses)
    const keys = kind === 'follow' ? [one] : [one, all]
    for (const key of keys) this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        for (const key of keys) this.#leave(key)
      },
    }
  }

  #demand(key: string, kind: Kind, most: number, whose: string): void {
    const before = this.#underWay.get(key) ?? 0
    if (before < most) return
    const message = `${before} requests of the class ${kind} are under way, as many as ${whose} may have at once`
    throw new RequestError('TOO_MANY_REQUESTS', message, retryAfter(1_000))
  }

  #take(key: string, rate: RateClass, perSecond: number, uses: number): void {
    const now = this.#now()
    const { level, at } = this.#buckets.get(key) ?? { level: perSecond, at: now }
    const filled = Math.min(perSecond, level + ((now - at) / 1_000) * perSecond)
    if (filled < 1) {
      const message = `your tenant may send ${perSecond} requests of the class ${rate} a second, and has sent them`
      throw new RequestError('TOO_MANY_REQUESTS', message, retryAfter(((1 - filled) / perSecond) * 1_000))
    }
    this.#buckets.set(key, { level: filled - uses, at: now })
  }

  #leave(key: string): void {
    const left = this.#underWay.get(key)! - 1
    if (left === 0) this.#underWay.delete(key)
    else this.#underWay.set(key, left)
  }
}
