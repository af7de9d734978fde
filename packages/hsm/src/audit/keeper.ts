/** What is done for the chains by the clock: checkpoints of those that have grown, and what is too old goes. */
import type { Foundation } from '../foundation.ts'
import type { Vault } from '../vault/vault.ts'
import type { Checkpoints } from './checkpoints.ts'
import { deleteOld } from './retention.ts'

/** Whoever cuts off the end of a log takes no more with him than this unnoticed. */
const everyMs = 10 * 60_000

export class Keeper implements AsyncDisposable {
  readonly #foundation: Foundation
  readonly #vault: Vault
  readonly #checkpoints: Checkpoints
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> = Promise.resolve()
  #ended = false

  constructor(foundation: Foundation, vault: Vault, checkpoints: Checkpoints) {
    this.#foundation = foundation
    this.#vault = vault
    this.#checkpoints = checkpoints
    this.#timer = setInterval(() => void this.round(), everyMs).unref()
  }

  /** One after the other; what cannot be done now is tried again in the next one. */
  round(): Promise<void> {
    this.#running = this.#running.then(() => this.#round()).catch(() => {})
    return this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#ended = true
    await this.#running
  }

  async #round(): Promise<void> {
    if (this.#vault.state !== 'open') return
    const chains = await this.#foundation.store.db.selectFrom('audit_chains').select('chain').execute()
    for (const { chain } of chains) {
      if (this.#ended) return
      // What hinders one of a tenant, as a token that is away, hinders nobody else's.
      await this.#checkpoints.keep(chain).catch(() => {})
      await deleteOld(this.#foundation, chain).catch(() => {})
    }
  }
}
