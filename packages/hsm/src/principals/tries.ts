/** Tries to log in: who has failed waits a second before he is heard again, so that nobody guesses. */
import { HsmError } from '../errors.ts'
import { networkOf } from './addresses.ts'

const pauseMs = 1_000
/** More names and addresses at one time than this, and the oldest is forgotten. */
const mostRemembered = 100_000
/** Of one address at once, whatever the names: a check costs time and memory, which others need for theirs. */
const mostOfOne = 4

export class Tries {
  readonly #now: () => number
  /** Until when, in the order in which they failed. */
  readonly #waiting = new Map<string, number>()
  readonly #underWay = new Set<string>()
  /** How many are, by address. */
  readonly #busy = new Map<string, number>()

  /** @param now milliseconds, of a clock that nobody sets */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * For what can be guessed, as a password: one try at a time, and after one that failed none for a second.
   *
   * @param name who it is said to be, whether there is such a one or not
   * @param check undefined: it failed
   * @throws HsmError TOO_MANY_REQUESTS, without a look at what was shown
   */
  async once<T>(name: string, address: string, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const [key, place] = [keyOf(name, address), networkOf(address)]
    const busy = this.#busy.get(place) ?? 0
    if (this.#underWay.has(key) || busy >= mostOfOne) throw tooMany(pauseMs)
    this.#demandPause(key)
    this.#underWay.add(key)
    this.#busy.set(place, busy + 1)
    try {
      const checked = await check()
      if (checked === undefined) this.#wait(key)
      return checked
    } finally {
      this.#underWay.delete(key)
      const left = this.#busy.get(place)! - 1
      if (left > 0) this.#busy.set(place, left)
      else this.#busy.delete(place)
    }
  }

  /**
   * For what cannot be guessed, as a token: it was wrong. What is right is never held up by those who are wrong.
   *
   * @throws HsmError TOO_MANY_REQUESTS if another one failed within the last second
   */
  failed(name: string, address: string): void {
    const key = keyOf(name, address)
    this.#demandPause(key)
    this.#wait(key)
  }

  #demandPause(key: string): void {
    const left = (this.#waiting.get(key) ?? 0) - this.#now()
    if (left > 0) throw tooMany(left)
  }

  #wait(key: string): void {
    const now = this.#now()
    for (const [other, until] of this.#waiting) {
      if (until > now && this.#waiting.size < mostRemembered) break
      this.#waiting.delete(other)
    }
    this.#waiting.delete(key)
    this.#waiting.set(key, now + pauseMs)
  }
}

function keyOf(name: string, address: string): string {
  return JSON.stringify([name, networkOf(address)])
}

function tooMany(retryAfterMs: number): HsmError {
  return new HsmError('TOO_MANY_REQUESTS', 'a log-in failed just now: one try a second', { retryAfterMs })
}
