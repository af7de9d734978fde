/**
 * The continuous health tests: whether what comes from a source of random numbers can be random at all. A source that is stuck, or
 * prefers a value, is found out; one that pretends is not.
 *
 * The cutoffs are for bytes of full entropy and false alarms with a probability below 2^-40.
 *
 * @see NIST SP 800-90B, 4.4.1 (repetition count test), 4.4.2 (adaptive proportion test)
 * @module
 */

/** 1 + 40 / 8 equal bytes in a row. */
const repetitionCutoff = 6
const windowSize = 512
/** The least number that so many equal bytes among 512 reach with a probability below 2^-40. */
const proportionCutoff = 20

/** Of one source: what it has given before counts. */
export class RandomHealth {
  #last = -1
  #repeated = 0
  /** The first byte of the window, how often it came since, and how many bytes the window has. */
  #watched = -1
  #seen = 0
  #filled = 0

  /** @returns what is wrong, in words; undefined if nothing is */
  check(bytes: Uint8Array): string | undefined {
    for (const byte of bytes) {
      this.#repeated = byte === this.#last ? this.#repeated + 1 : 1
      this.#last = byte
      if (this.#repeated >= repetitionCutoff) return this.#failed(`gave the same byte ${this.#repeated} times in a row`)
      if (this.#filled === 0) {
        this.#watched = byte
        this.#seen = 0
      }
      if (byte === this.#watched) this.#seen++
      this.#filled = (this.#filled + 1) % windowSize
      if (this.#seen >= proportionCutoff)
        return this.#failed(`gave the same byte ${this.#seen} times among ${windowSize}`)
    }
    return undefined
  }

  #failed(why: string): string {
    this.#last = -1
    this.#filled = 0
    return why
  }
}
