/** The keys of tenants. */
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Key } from '../sessions/key-instances.ts'
import type { NamedVersion } from '../sessions/signature.ts'
import type { Row } from '../store/tables.ts'
import { findUnmanaged } from './adopt.ts'
import { attestationOf } from './attestations.ts'
import { Catalogue, type CataloguedKey, type KeyRow, nothingStale, type VersionRow } from './catalogue.ts'
import { bringCertificates, type StoredCertificate, storeCertificate } from './certificates.ts'
import { Creations, type Placement } from './creations.ts'
import { readWrappedKey } from './import.ts'
import { isExportable } from './key-type.ts'
import { Leftovers } from './leftovers.ts'
import { type ChangeRequest, changeState, eraseDue } from './life.ts'
import { groupOf, insertKey, type KeyRequest, keyRow, versionRow } from './new-key.ts'
import { insertNextVersion, type RotateRequest } from './next-version.ts'
import { type RequestWishes, signedRequest } from './signed-request.ts'
import type { Change } from './states.ts'
import { type KeyUpdate, updateKey } from './update.ts'
import {
  instancesOf,
  mustBeUsable,
  mustNotBeWithdrawn,
  type Purpose,
  type UsableKey,
  usable,
  usableVersions,
  versionOf,
} from './usable.ts'
import { Uses } from './uses.ts'

export interface ImportRequest extends Omit<KeyRequest, 'type' | 'algorithms' | 'exportable' | 'useCounter'> {
  /** See `WrappedKeyFile`. */
  readonly wrapped: Uint8Array
}

export interface AdoptRequest
  extends Omit<KeyRequest, 'type' | 'algorithms' | 'exportable' | 'useCounter' | 'activate'> {
  /** PKCS #15 iDs in hexadecimal, the oldest first. */
  readonly cardKeyIds: readonly string[]
}

const housekeepMs = 30_000

export class Keys implements AsyncDisposable {
  /** Of versions, by their ids. */
  readonly uses: Uses
  readonly #foundation: Foundation
  readonly #catalogue: Catalogue
  readonly #leftovers: Leftovers
  readonly #creations: Creations
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined

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
    await keys.#tick()
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
    const key = await keyRow(this.#foundation, caller, request)
    const begun = this.#begun(caller, key)
    if (begun !== undefined) return this.#completed(begun, signal)
    this.#demandMember(key, request.group)
    const version = versionRow(key, 1, { now: this.#foundation.now(), activate: request.activate })
    return this.#completed(await this.#insert(caller, key, [version]), signal)
  }

  /**
   * Takes in a key that was wrapped under the key domain of the group, in sc-hsm-tool's file format. Otherwise as `create`.
   *
   * @throws HsmError as `create`
   */
  async import(caller: Caller, request: ImportRequest, signal: AbortSignal): Promise<CataloguedKey> {
    const group = await groupOf(this.#foundation.store, caller.tenant, request.group)
    const { type, file, cardKeyId, publicKey, certificate, identity } = readWrappedKey(
      request.wrapped,
      group.key_domain,
      request.name,
    )
    const key = await keyRow(this.#foundation, caller, { ...request, type })
    const begun = this.#begun(caller, key)
    if (begun !== undefined) return this.#completed(begun, signal)
    this.#demandMember(key, request.group)
    const version = {
      ...versionRow(key, 1, { now: this.#foundation.now(), activate: request.activate }),
      ...{ card_key_id: cardKeyId, identity, wrapped: file, key_domain: group.key_domain },
      ...{ public_key: publicKey ?? null, certificate: certificate ?? null },
    }
    return this.#completed(await this.#insert(caller, key, [version]), signal)
  }

  /**
   * Gives a name to keys that are on members of a group: each is a version, the last one the primary one, the others only
   * decrypt. They are copied to as many members as they are to be durable on.
   *
   * @throws HsmError as `create`
   */
  async adopt(caller: Caller, request: AdoptRequest, signal: AbortSignal): Promise<CataloguedKey> {
    const { store, now } = this.#foundation
    const group = await groupOf(store, caller.tenant, request.group)
    const found = findUnmanaged(this.#parts, group.id, request.cardKeyIds)
    const limits = found.map(({ algorithms }) => algorithms)
    const exportable = limits.every(isExportable)
    const { algorithms: _, ...rest } = { ...request, type: found[0].type, exportable, algorithms: undefined }
    const key = await keyRow(this.#foundation, caller, {
      ...rest,
      ...(limits[0]!.length > 0 && { algorithms: limits[0] }),
    })
    const begun = this.#begun(caller, key)
    if (begun !== undefined) return this.#completed(begun, signal)
    const versions = found.map(({ instance, publicKey }, index) => ({
      ...versionRow(key, index + 1, { now: now() }),
      ...{ label: instance.info.label, card_key_id: instance.id, identity: instance.identity },
      ...{ key_domain: instance.keyDomain, public_key: publicKey ?? null, adopted: 1 },
      ...(index + 1 < found.length && { other_state: 'deactivated' as const }),
    }))
    return this.#completed(await this.#insert(caller, key, versions), signal)
  }

  /**
   * Makes the next version, which becomes the primary one when it is on as many members as the key is to be durable on; those
   * before it only decrypt from then on. Otherwise as `create`.
   *
   * @throws HsmError as `create`; WRONG_STATE
   */
  async rotate(caller: Caller, nameOrId: string, request: RotateRequest, signal: AbortSignal): Promise<CataloguedKey> {
    const found = this.get(caller, nameOrId)
    if (found.versions.at(-1)?.state === 'creating') return this.#completed(found, signal)
    this.#demandMember(found.key, found.key.name)
    return this.#completed(await this.#nextVersion(found, request, caller), signal)
  }

  async #nextVersion({ key }: CataloguedKey, request: RotateRequest, caller?: Caller): Promise<CataloguedKey> {
    await insertNextVersion(this.#foundation, key.id, request, caller)
    await this.#catalogue.load(key.id)
    return this.#catalogue.get(key.id)!
  }

  /** Activates, suspends, deactivates, destroys or restores versions. @throws HsmError NOT_FOUND, WRONG_STATE, STALE */
  async change(caller: Caller, nameOrId: string, change: Change, request: ChangeRequest): Promise<CataloguedKey> {
    const { key, versions } = this.get(caller, nameOrId)
    const creating = versions.find(
      one => one.state === 'creating' && (request.version === undefined || request.version === one.version),
    )
    if (change === 'destroy' && creating) {
      nothingStale(key, request.ifMatch)
      await this.#creations.abandon(creating.id, request.reason ?? 'it is not wanted any more', caller.principal)
      // What was never told of is nothing to restore.
      if (versions.length === 1 || request.version !== undefined)
        return this.#catalogue.get(key.id) ?? { key, tags: [], versions: [] }
    }
    const changed = await changeState(this.#lifeParts, caller, nameOrId, change, request)
    await this.housekeep()
    return this.#catalogue.get(changed.key.id) ?? changed
  }

  /** @throws HsmError NOT_FOUND, STALE, EXISTS, INVALID */
  async update(caller: Caller, nameOrId: string, update: KeyUpdate, ifMatch?: number): Promise<CataloguedKey> {
    const { key } = this.get(caller, nameOrId)
    await updateKey(this.#foundation, caller, key, update, ifMatch)
    await this.#catalogue.load(key.id)
    return this.#catalogue.get(key.id)!
  }

  /**
   * A certification request, signed by a version: PKCS #10, DER.
   *
   * @throws HsmError INVALID; as `usable`; as `Pool.run`
   */
  async certificationRequest(
    caller: Caller,
    nameOrId: string,
    { version: wanted, ...wishes }: RequestWishes & { readonly version?: number | undefined },
    signal: AbortSignal,
  ): Promise<{ readonly version: number; readonly request: Uint8Array }> {
    const found = this.get(caller, nameOrId)
    // Tags are for operators: who manages a key has it certified.
    const { key, version, instances } = this.usable({ ...caller, tags: found.tags }, nameOrId, 'sign', wanted)
    const stillUsable = () => this.mustNotBeWithdrawn({ key, version })
    const usable = { key, version, instances, stillUsable }
    const request = await signedRequest(this.#foundation.pools, usable, wishes, signal)
    this.uses.add(version.id)
    return { version: version.version, request }
  }

  /**
   * Stores the X.509 certificate (DER) of a version, here and on every member that holds it.
   *
   * @throws HsmError NOT_FOUND, INVALID
   */
  storeCertificate(
    caller: Caller,
    nameOrId: string,
    { version, certificate }: { readonly version?: number | undefined; readonly certificate: Uint8Array },
    signal: AbortSignal,
  ): Promise<StoredCertificate> {
    const found = this.get(caller, nameOrId)
    return storeCertificate(this.#lifeParts, caller, found, versionOf(found, version), certificate, signal)
  }

  /**
   * What shows to others that a device has made a version: see `Attestation`.
   *
   * @throws HsmError NOT_FOUND: there is no such word, or the version was made elsewhere
   */
  attestation(caller: Caller, nameOrId: string, wanted?: number): Promise<Uint8Array> {
    const found = this.get(caller, nameOrId)
    return attestationOf(this.#foundation.store, found, versionOf(found, wanted))
  }

  /** @throws HsmError NOT_FOUND, WRONG_STATE: there is no primary one yet */
  version(caller: Caller, nameOrId: string, wanted?: number): VersionRow {
    return versionOf(this.get(caller, nameOrId), wanted)
  }

  /** Certified paths of the members that hold a version and are ready. */
  holders({ key }: CataloguedKey, version: VersionRow): string[] {
    return [...instancesOf(this.#foundation.pools, key, version).keys()]
  }

  /** Why a version that is being made is not there yet, in words. */
  obstacleTo(versionId: string): string | undefined {
    return this.#creations.obstacleTo(versionId)
  }

  /** The keys of the tenant, by name. */
  list({ tenant }: Caller): CataloguedKey[] {
    return this.#catalogue
      .all()
      .filter(({ key }) => key.tenant_id === tenant)
      .toSorted((a, b) => (a.key.name < b.key.name ? -1 : 1))
  }

  /** Reads all keys again. */
  reread(): Promise<void> {
    return this.#catalogue.load()
  }

  /** Does what has become due: erases what was destroyed, and makes next versions. */
  async housekeep(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      await eraseDue(this.#lifeParts)
      // It waits for devices that are busy; what else is due does not.
      void this.#leftovers.sweepAll().catch(() => {})
      for (const found of this.#catalogue.all().filter(each => isDue(each, this.#foundation.now()))) {
        const next = await this.#nextVersion(found, {})
        void this.#creations.complete(next.versions.at(-1)!.id)
      }
    } finally {
      if (!this.#closing.signal.aborted) this.#timer = setTimeout(() => void this.#tick(), housekeepMs).unref()
    }
  }

  async #tick(): Promise<void> {
    // What could not be written is due the next time, too.
    await this.housekeep().catch(() => {})
  }

  #demandMember({ group_id }: KeyRow, name: string): void {
    if (this.#foundation.pools.of(group_id).members.length > 0) return
    throw new HsmError('NO_DEVICE', `${name}: no member of the group is ready`, { retryAfterMs: 2_000 })
  }

  async #insert(caller: Caller, key: KeyRow, versions: readonly Row<'key_versions'>[]): Promise<CataloguedKey> {
    await this.#foundation.history.write(async db => {
      await insertKey(db, key)
      await db.insertInto('key_versions').values(versions).execute()
      const happened = versions.map(({ version }) => ({
        ...{ tenant: key.tenant_id, type: 'key.creating', subject: key.id, actor: caller.principal },
        data: { name: key.name, version },
      }))
      return { value: undefined, happened }
    })
    await this.#catalogue.load(key.id)
    return this.#catalogue.get(key.id)!
  }

  /** The same key, if it is being made. @throws HsmError EXISTS: another one, or it is there */
  #begun(caller: Caller, wanted: KeyRow): CataloguedKey | undefined {
    const found = this.#catalogue.named(caller, wanted.name)
    if (found === undefined) return undefined
    const same = (['group_id', 'kind', 'parameter', 'algorithms', 'use_counter'] as const).every(
      field => found.key[field] === wanted[field],
    )
    if (same && found.key.primary_version === 0 && found.versions.some(({ state }) => state === 'creating'))
      return found
    throw new HsmError('EXISTS', `there is a key ${wanted.name} already`)
  }

  /** The key when all its versions are made, in their order. */
  async #completed({ key, versions }: CataloguedKey, signal: AbortSignal): Promise<CataloguedKey> {
    for (const { id, version } of versions.filter(({ state }) => state === 'creating')) {
      const given = aborted(signal)
      const done = await Promise.race([this.#creations.complete(id).then(() => true), given.promise])
      given[Symbol.dispose]()
      const now = this.#catalogue.get(key.id)?.versions.find(one => one.id === id)
      if (done && now !== undefined && now.state !== 'creating') continue
      if (now === undefined) throw new HsmError('NOT_FOUND', `key ${key.name} was destroyed while it was made`)
      const what = now.identity === null ? 'no member has made it yet' : `${key.durability} members do not hold it yet`
      const why = this.#creations.obstacleTo(id)
      const words = `key ${key.name}, version ${version}: ${what}${why === undefined ? '' : ` (${why})`}`
      throw new HsmError('NOT_DURABLE', `${words}; the service goes on with it: ask again`, { retryAfterMs: 5_000 })
    }
    return this.#catalogue.get(key.id)!
  }

  readonly #changed = (device: DeviceSession) => {
    if (device.state !== 'ready') return
    this.#leftovers
      .sweep(device)
      .then(() => this.#creations.arrived())
      .then(() => bringCertificates(this.#lifeParts, device, this.#closing.signal))
      // It was lost again: when it returns, so does this.
      .catch(() => {})
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

  /**
   * Whether the caller may use so what cards hold, where it is named as cards name it: see `mustBeUsable`.
   *
   * @throws HsmError FORBIDDEN (tags), WRONG_STATE
   */
  mustBeUsable(caller: Caller, { instances: [instance] }: Key, purpose: Purpose): NamedVersion | undefined {
    return mustBeUsable(this.#catalogue, caller, instance, purpose)
  }

  /** Asked when the turn of what waited has come. @throws HsmError WRONG_STATE: the version is suspended or destroyed by now */
  mustNotBeWithdrawn(usable: Pick<UsableKey, 'key' | 'version'>): void {
    mustNotBeWithdrawn(this.#catalogue, usable)
  }

  /** All versions that the caller may use so: the primary one first, then the newest. Otherwise as `usable`. */
  versionsFor(caller: Caller, nameOrId: string, purpose: Purpose): [UsableKey, ...UsableKey[]] {
    return usableVersions(this.#parts, caller, nameOrId, purpose)
  }

  get #parts() {
    return { catalogue: this.#catalogue, pools: this.#foundation.pools }
  }

  get #lifeParts() {
    return { ...this.#foundation, catalogue: this.#catalogue, leftovers: this.#leftovers }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#foundation.devices.events.off('change', this.#changed)
    this.#closing.abort()
    this.#leftovers.close()
    clearTimeout(this.#timer)
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

/** Its primary version is as old as a version is to become. */
function isDue({ key, versions }: CataloguedKey, now: number): boolean {
  const primary = versions.find(({ version }) => version === key.primary_version)
  const making = versions.at(-1)?.state === 'creating'
  return (
    key.rotate_after !== null && !making && primary?.state === 'active' && primary.state_since + key.rotate_after <= now
  )
}
