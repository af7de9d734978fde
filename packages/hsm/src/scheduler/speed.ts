/**
 * How fast a device is, learned from its answers: the time of its chip by kind of operation, and that of the way there and
 * back. An answer that follows another closely shows the chip alone; one that nothing came before shows both.
 */

/** How much the last sample counts. */
const weight = 0.25

export class Speed {
  #link: number
  /** By kind; `pure` if measured without the way. */
  readonly #chip = new Map<string, { ms: number; pure: boolean }>()

  /** @param linkMs the way there and back, as first measured; rather too long than too short */
  constructor(linkMs = 0) {
    this.#link = linkMs
  }

  get linkMs(): number {
    return this.#link
  }

  /** The device is connected in another way than before. */
  set linkMs(ms: number) {
    this.#link = ms
  }

  /** Undefined if it has not been seen. */
  chipMs(kind: string): number | undefined {
    return this.#chip.get(kind)?.ms
  }

  /** In milliseconds, by kind. */
  kinds(): Map<string, number> {
    return new Map([...this.#chip].map(([kind, { ms }]) => [kind, ms]))
  }

  /** Whether the time of the chip is known apart from that of the way. */
  isPure(kind: string): boolean {
    return this.#chip.get(kind)?.pure ?? false
  }

  /**
   * An answer came.
   *
   * @param previousAt when the answer before it came
   */
  learn(kind: string, startedAt: number, answeredAt: number, previousAt: number): void {
    const total = answeredAt - startedAt
    if (previousAt >= startedAt + this.#link) this.#note(kind, answeredAt - previousAt, true)
    else if (previousAt > startedAt) return
    else if (this.isPure(kind)) this.#noteLink(Math.max(0, total - this.chipMs(kind)!))
    else {
      this.#link = Math.min(this.#link, total)
      this.#note(kind, total - this.#link, false)
    }
  }

  /** Several that were answered together. */
  learnBatch(kinds: readonly string[], ms: number): void {
    this.#link = Math.min(this.#link, ms)
    const chip = Math.max(0, ms - this.#link) / kinds.length
    for (const kind of new Set(kinds)) if (kinds.every(other => other === kind)) this.#note(kind, chip, false)
  }

  /** Many things make a way seem longer than it is, and nothing shorter. */
  #noteLink(ms: number): void {
    this.#link += (ms < this.#link ? 0.5 : 0.1) * (ms - this.#link)
  }

  #note(kind: string, ms: number, pure: boolean): void {
    const known = this.#chip.get(kind)
    // What was measured without the way is not mixed with what was not.
    const fresh = known === undefined || (pure && !known.pure)
    if (fresh && known) this.#link = Math.max(0, known.ms + this.#link - ms)
    this.#chip.set(kind, { ms: fresh ? ms : mixed(known.ms, ms), pure: pure || (known?.pure ?? false) })
  }
}

export function mixed(before: number | undefined, sample: number): number {
  return before === undefined ? sample : before + weight * (sample - before)
}
