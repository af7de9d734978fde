/** The keys of tenants. */
import type { Foundation } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { Catalogue } from './catalogue.ts'
import { type Purpose, type UsableKey, usable, usableVersions } from './usable.ts'
import { Uses } from './uses.ts'

export class Keys implements AsyncDisposable {
  /** Of versions, by their ids. */
  readonly uses: Uses
  readonly #foundation: Foundation
  readonly #catalogue: Catalogue

  private constructor(foundation: Foundation, catalogue: Catalogue) {
    this.#foundation = foundation
    this.#catalogue = catalogue
    this.uses = new Uses(foundation.store, foundation.now)
  }

  static async open(foundation: Foundation): Promise<Keys> {
    const catalogue = new Catalogue(foundation.store)
    await catalogue.load()
    return new Keys(foundation, catalogue)
  }

  /**
   * A version that the caller may use so, and the members that hold it.
   *
   * @param version default the primary one
   * @throws HsmError NOT_FOUND, FORBIDDEN (tags), WRONG_STATE, NO_DEVICE
   */
  usable(caller: Caller, nameOrId: string, purpose: Purpose, version?: number): UsableKey {
    return usable(this.#parts, caller, nameOrId, purpose, version)
  }

  /** All versions that the caller may use so: the primary one first, then the newest. Otherwise as `usable`. */
  versionsFor(caller: Caller, nameOrId: string, purpose: Purpose): [UsableKey, ...UsableKey[]] {
    return usableVersions(this.#parts, caller, nameOrId, purpose)
  }

  get #parts() {
    return { catalogue: this.#catalogue, pools: this.#foundation.pools }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.uses[Symbol.asyncDispose]()
  }
}
