/** Time, so that a test can let it pass as it likes. */
export interface Clock {
  /** Milliseconds since whenever. */
  now(): number
  /** Calls once after so many milliseconds, unless the answer is called before. */
  after(ms: number, then: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms).unref()
    return () => clearTimeout(timer)
  },
}
