/**
 * How fast a device is, learned from its answers: the time of its chip by kind of operation, and that of the way there and
 * back. An answer that follows another closely shows the chip alone; one that nothing came before shows both.
 */

/** How much the last sample counts. */
const weight = 0.25

export class Speed {
  readonly #measuredLink: () => number | undefined
  #link = 0
  /** By kind; `pure` if measured without the way. */
  readonly #chip = new Map<string, { ms: number; pure: boolean }>()

  /** @param link the way there and back as the transport or the first exchanges have measured it */
  constructor(link: () => number | undefined) {
    this.#measuredLink = link
    this.#link = link() ?? 0
  }

  get linkMs(): number {
    return this.#link
  }

  /** Undefined if it has not been seen. */
  chipMs(kind: string): number | undefined {
    return this.#chip.get(kind)?.ms
  }

  /**
   * An answer that came while nothing else was on its way, or behind another one.
   *
   * @param previousAt when the answer before it came
   */
  learn(kind: string, startedAt: number, answeredAt: number, previousAt: number): void {
    const known = this.#chip.get(kind)
    const arrivedBehind = previousAt >= startedAt + this.#link
    const total = answeredAt - startedAt
    if (arrivedBehind) {
      this.#note(kind, answeredAt - previousAt, true)
      return
    }
    if (known?.pure) this.#link = this.#measuredLink() ?? mixed(this.#link, Math.max(0, total - known.ms))
    else {
      // The way cannot take longer than the quickest of all answers.
      this.#link = Math.min(this.#measuredLink() ?? this.#link, total)
      this.#note(kind, total - this.#link, false)
    }
  }

  /** Several that were answered together. */
  learnBatch(kinds: readonly string[], ms: number): void {
    this.#link = Math.min(this.#measuredLink() ?? this.#link, ms)
    const chip = Math.max(0, ms - this.#link) / kinds.length
    for (const kind of new Set(kinds)) if (kinds.every(other => other === kind)) this.#note(kind, chip, false)
  }

  #note(kind: string, ms: number, pure: boolean): void {
    const known = this.#chip.get(kind)
    // What was measured without the way is not mixed with what was not.
    const fresh = known === undefined || (pure && !known.pure)
    this.#chip.set(kind, { ms: fresh ? ms : mixed(known.ms, ms), pure: pure || (known?.pure ?? false) })
  }
}

export function mixed(before: number | undefined, sample: number): number {
  return before === undefined ? sample : before + weight * (sample - before)
}
