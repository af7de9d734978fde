/** Who may run beside whom: each operation that is alone by itself, others beside each other, and nobody is passed over. */
export class Turns {
  /** Ends with the last operation that is alone; undefined if none waits or runs. */
  #alone: Promise<unknown> | undefined
  /** Those that have come since then. */
  readonly #overlapping = new Set<Promise<unknown>>()

  /** Runs when all that came before has ended, and all that comes later waits for it. */
  alone<T>(operation: () => Promise<T>): Promise<T> {
    const before = [this.#alone, ...this.#overlapping]
    this.#overlapping.clear()
    const result = Promise.allSettled(before).then(operation)
    const ended = result.then(ignore, ignore)
    this.#alone = ended
    // The first to hear of the end: who comes now is not ahead of those who wait for it.
    void ended.then(() => {
      if (this.#alone === ended) this.#alone = undefined
    })
    return result
  }

  /** Runs at once, or after the operations that are alone and came before. */
  overlapping<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#alone ? this.#alone.then(operation) : operation()
    this.#overlapping.add(result)
    const ended = () => void this.#overlapping.delete(result)
    result.then(ended, ended)
    return result
  }
}

function ignore(): void {}
