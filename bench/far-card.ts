/** Cards that are as slow as real ones, and as far away. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Channel, Sign } from '@keytether/card'

/** What a token of the current generation takes for a signature with an EC key. */
export const chipMs = 150

/**
 * A card with a chip that does one thing at a time and a way to it. Both keep to the clock, however busy this process is: what
 * is measured is the time that the service takes, not that of the simulation.
 */
export class FarCard implements Channel {
  readonly atr: Uint8Array
  readonly duplex = true
  readonly roundTripMs: number
  readonly #card: Channel
  readonly #wayMs: number
  /** When the chip has done all that it was sent. */
  #freeAt = 0

  constructor(card: Channel, wayMs: number) {
    this.atr = card.atr
    this.roundTripMs = 2 * wayMs
    this.#card = card
    this.#wayMs = wayMs
  }

  async transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const arrivesAt = performance.now() + this.#wayMs
    const signatures = commands.filter(([, ins]) => ins === Sign.ins).length
    this.#freeAt = Math.max(arrivesAt, this.#freeAt) + signatures * chipMs
    const answeredAt = this.#freeAt + this.#wayMs
    const answers = await this.#card.transmit(commands)
    await sleep(Math.max(0, answeredAt - performance.now()))
    return answers
  }

  reset(): Promise<Uint8Array> {
    return this.#card.reset()
  }

  // The card outlasts each of its sessions.
  async close(): Promise<void> {}
}

/** As RAMOverHTTP: what comes meanwhile goes together when the answer is there. */
export function oneAtATime(channel: Channel): Channel {
  const waiting: {
    commands: readonly Uint8Array[]
    resolve: (answers: Uint8Array[]) => void
    reject: (error: unknown) => void
  }[] = []
  let busy = false
  const next = async () => {
    if (busy || waiting.length === 0) return
    busy = true
    const batch = waiting.splice(0)
    try {
      const answers = await channel.transmit(batch.flatMap(({ commands }) => commands))
      for (const { commands, resolve } of batch) resolve(answers.splice(0, commands.length))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    busy = false
    setImmediate(next)
  }
  return {
    atr: channel.atr,
    roundTripMs: channel.roundTripMs,
    reset: () => channel.reset(),
    close: reason => channel.close(reason),
    transmit: commands =>
      new Promise((resolve, reject) => {
        waiting.push({ commands, resolve, reject })
        setImmediate(next)
      }),
  }
}
