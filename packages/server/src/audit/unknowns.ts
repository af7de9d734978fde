/** Which requests of nobody known are recorded: anybody can send as many as the line carries, and the disk is not theirs to fill. */

const windowMs = 1_000
const mostInWindow = 10

export class Unknowns {
  readonly #now: () => number
  #windowEnds = 0
  #recorded = 0
  #passedOver = 0

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @returns how many were passed over since the last one that was recorded; undefined: this one is, too */
  next(): number | undefined {
    const now = this.#now()
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + windowMs
      this.#recorded = 0
    }
    if (this.#recorded >= mostInWindow) {
      this.#passedOver++
      return undefined
    }
    this.#recorded++
    const passedOver = this.#passedOver
    this.#passedOver = 0
    return passedOver
  }
}
