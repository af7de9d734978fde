/** How many requests of each rate class one principal, or one address without a log-in, may have under way at once. */
import type { RateClass } from '@keytether/api'
import type { Caller } from '@keytether/hsm'
import { retryAfter } from '../answers.ts'
import { RequestError } from '../errors.ts'

/** Those that use keys are limited by what the devices take, too. */
const limits = { read: 64, write: 32, use: 1_024, slow: 8, follow: 16 } as const satisfies Record<
  RateClass | 'follow',
  number
>

export class Turnstile {
  /** Only of those that have any under way. */
  readonly #underWay = new Map<string, number>()

  /** @throws RequestError TOO_MANY_REQUESTS */
  enter({ principal, login }: Caller, rate: keyof typeof limits): Disposable {
    // Those who have not logged in are told apart by where they are.
    const key = `${rate} ${principal || login.address}`
    const before = this.#underWay.get(key) ?? 0
    if (before >= limits[rate]) {
      const message = `${before} requests of the class ${rate} are under way, as many as one principal may have at once`
      throw new RequestError('TOO_MANY_REQUESTS', message, retryAfter(1_000))
    }
    this.#underWay.set(key, before + 1)
    return { [Symbol.dispose]: () => this.#leave(key) }
  }

  #leave(key: string): void {
    const left = this.#underWay.get(key)! - 1
    if (left === 0) this.#underWay.delete(key)
    else this.#underWay.set(key, left)
  }
}
