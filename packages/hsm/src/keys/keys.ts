/** The keys of tenants. */
import type { DeviceSession } from '../device-session.ts'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../hsm.ts'
import type { Caller } from '../principals/caller.ts'
import { Catalogue, type CataloguedKey, type KeyRow } from './catalogue.ts'
import { Creations, type Placement } from './creations.ts'
import { Leftovers } from './leftovers.ts'
import { insertKey, type KeyRequest, keyRow, versionRow } from './new-key.ts'
import { type Purpose, type UsableKey, usable, usableVersions } from './usable.ts'
import { Uses } from './uses.ts'

export class Keys implements AsyncDisposable {
  /** Of versions, by their ids. */
  readonly uses: Uses
  readonly #foundation: Foundation
  readonly #catalogue: Catalogue
  readonly #leftovers: Leftovers
  readonly #creations: Creations
  readonly #closing = new AbortController()

  private constructor(foundation: Foundation, catalogue: Catalogue, placement: Placement) {
    this.#foundation = foundation
    this.#catalogue = catalogue
    this.uses = new Uses(foundation.store, foundation.now)
    this.#leftovers = new Leftovers(foundation)
    this.#creations = new Creations({ ...foundation, catalogue, leftovers: this.#leftovers, placement })
    foundation.devices.events.on('change', this.#changed)
  }

  /** Goes on with what was being made when the service ended. */
  static async open(foundation: Foundation, placement: Placement): Promise<Keys> {
    const catalogue = new Catalogue(foundation.store)
    await catalogue.load()
    const keys = new Keys(foundation, catalogue, placement)
    const creating = catalogue.all().flatMap(({ versions }) => versions.filter(({ state }) => state === 'creating'))
    for (const { id } of creating) void keys.#creations.complete(id)
    return keys
  }

  /** @throws HsmError NOT_FOUND */
  get(caller: Caller, nameOrId: string): CataloguedKey {
    return this.#catalogue.find(caller, nameOrId)
  }

  /**
   * Makes a key that is on as many members as it is to be durable on. Who asks again for the same key, by its name, while it
   * is not there yet waits for that one.
   *
   * @param signal ends the waiting; the key is made nevertheless
   * @throws HsmError INVALID, NOT_FOUND: the group, EXISTS, NO_DEVICE, KEY_NOT_USABLE: no member can make it, NOT_DURABLE: not
   *   yet, ask again
   */
  async create(caller: Caller, request: KeyRequest, signal: AbortSignal): Promise<CataloguedKey> {
    const { history, pools, now } = this.#foundation
    const key = await keyRow(this.#foundation, caller, request)
    const begun = this.#begun(caller, key)
    if (begun !== undefined) return this.#completed(begun, signal)
    if (pools.of(key.group_id).members.length === 0) {
      throw new HsmError('NO_DEVICE', `no member of group ${request.group} is ready`, { retryAfterMs: 2_000 })
    }
    const version = versionRow(key, 1, { now: now(), activate: request.activate ?? true })
    await history.write(async db => {
      await insertKey(db, key)
      await db.insertInto('key_versions').values(version).execute()
      const data = { name: key.name, version: 1 }
      const happening = { tenant: key.tenant_id, type: 'key.creating', subject: key.id, actor: caller.principal, data }
      return { value: undefined, happened: [happening] }
    })
    await this.#catalogue.load(key.id)
    return this.#completed(this.#catalogue.get(key.id)!, signal)
  }

  /** The same key, if it is being made. @throws HsmError EXISTS: another one, or it is there */
  #begun(caller: Caller, wanted: KeyRow): CataloguedKey | undefined {
    const found = this.#catalogue.named(caller, wanted.name)
    if (found === undefined) return undefined
    const same = (['group_id', 'kind', 'parameter', 'algorithms', 'use_counter'] as const).every(
      field => found.key[field] === wanted[field],
    )
    if (same && found.versions.length === 1 && found.versions[0]!.state === 'creating') return found
    throw new HsmError('EXISTS', `there is a key ${wanted.name} already`)
  }

  /** The key when its newest version is made. */
  async #completed({ key, versions }: CataloguedKey, signal: AbortSignal): Promise<CataloguedKey> {
    const { id, version } = versions.at(-1)!
    const given = aborted(signal)
    const done = await Promise.race([this.#creations.complete(id).then(() => true), given.promise])
    given[Symbol.dispose]()
    const now = this.#catalogue.get(key.id)
    const state = now?.versions.find(one => one.id === id)?.state
    if (done && state !== undefined && state !== 'creating') return now!
    const made = now?.versions.find(one => one.id === id)?.identity !== null
    const what = made ? `${key.durability} members do not hold it yet` : 'no member has made it yet'
    throw new HsmError(
      'NOT_DURABLE',
      `key ${key.name}, version ${version}: ${what}; the service goes on with it: ask again`,
      {
        retryAfterMs: 5_000,
      },
    )
  }

  readonly #changed = (device: DeviceSession) => {
    if (device.state !== 'ready') return
    this.#leftovers
      .sweep(device, this.#closing.signal)
      .catch(() => {
        // It was lost again: when it returns, so does this.
      })
      .finally(() => this.#creations.arrived())
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#foundation.devices.events.off('change', this.#changed)
    this.#closing.abort()
    await this.#creations.close()
    await this.uses[Symbol.asyncDispose]()
  }
}

function aborted(signal: AbortSignal): Disposable & { readonly promise: Promise<false> } {
  const { promise, resolve } = Promise.withResolvers<false>()
  const onAbort = () => resolve(false)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) }
}
