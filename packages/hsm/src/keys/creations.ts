/**
 * Versions on their way from a row to a key that as many members hold as it is to be durable on. The row comes first, so
 * nothing is forgotten; nothing is told of before the last step, so nothing that was told is lost. Whatever stops one of the
 * steps (a device lost, the service killed), it is done again from the last one that is written down.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { DriverError } from '@keytether/driver'
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Happening } from '../history/history.ts'
import type { Tables } from '../store/tables.ts'
import type { Catalogue, KeyRow, VersionRow } from './catalogue.ts'
import { type GeneratedKey, generate } from './generate.ts'
import { isExportable } from './key-type.ts'
import type { Leftovers } from './leftovers.ts'

export interface Placement {
  /** Resolves when as many members hold a verified copy. */
  ensure(versionId: string, options: { readonly copies: number; readonly signal: AbortSignal }): Promise<unknown>
}

interface Parts extends Foundation {
  readonly catalogue: Catalogue
  readonly leftovers: Leftovers
  readonly placement: Placement
}

/** How long to wait when members are short and none arrives. */
const againMs = 5_000
/** Others may have more to do with a device that has just arrived. */
const breathMs = 20

export class Creations {
  readonly #parts: Parts
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #obstacles = new Map<string, string>()
  readonly #closing = new AbortController()
  #arrivals = Promise.withResolvers<void>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Goes on with a version, in the background if the caller does not wait.
   *
   * @throws HsmError INVALID, KEY_NOT_USABLE: it cannot be made, and is forgotten
   */
  complete(versionId: string): Promise<void> {
    let task = this.#underWay.get(versionId)
    if (task === undefined) {
      task = this.#run(versionId).finally(() => {
        this.#underWay.delete(versionId)
        this.#obstacles.delete(versionId)
      })
      // Who waits is told; in the background there is nobody.
      task.catch(() => {})
      this.#underWay.set(versionId, task)
    }
    return task
  }

  /** A device is ready: what waited for members goes on. */
  arrived(): void {
    this.#arrivals.resolve()
    this.#arrivals = Promise.withResolvers()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#arrivals.resolve()
    await Promise.allSettled(this.#underWay.values())
  }

  async #run(versionId: string): Promise<void> {
    const refused = new Set<string>()
    while (!this.#closing.signal.aborted) {
      const arrival = this.#arrivals.promise
      try {
        if (await this.#step(versionId, refused)) return
        continue
      } catch (error) {
        if (!passes(error)) {
          await this.abandon(versionId, (error as Error).message)
          throw error
        }
        this.#obstacles.set(versionId, (error as Error).message)
      }
      const enough = new AbortController()
      const signal = AbortSignal.any([this.#closing.signal, enough.signal])
      await Promise.race([arrival, delay(againMs, undefined, { signal, ref: false }).catch(() => {})])
      enough.abort()
      await delay(breathMs)
    }
  }

  /** @returns whether there is nothing left to do */
  async #step(versionId: string, refused: Set<string>): Promise<boolean> {
    const { store, placement, leftovers } = this.#parts
    const version = await store.db.selectFrom('key_versions').selectAll().where('id', '=', versionId).executeTakeFirst()
    if (version?.state !== 'creating') {
      await leftovers.sweepAll()
      return true
    }
    const key = await store.db.selectFrom('keys').selectAll().where('id', '=', version.key_id).executeTakeFirstOrThrow()
    if (version.identity === null && version.wrapped === null) {
      await this.#generate(key, version, refused)
      return false
    }
    // Of a key that cannot be copied, its one instance is all there is.
    if (isExportable(JSON.parse(key.algorithms) as string[]))
      await placement.ensure(versionId, { copies: key.durability, signal: this.#closing.signal })
    await this.#finish(key, version)
    return true
  }

  async #generate(key: KeyRow, version: VersionRow, refused: Set<string>): Promise<void> {
    const { pools, leftovers, store } = this.#parts
    const pool = pools.of(key.group_id)
    const { key_domain: keyDomain } = await store.db
      .selectFrom('groups')
      .select('key_domain')
      .where('id', '=', key.group_id)
      .executeTakeFirstOrThrow()
    const on = new Set(pool.members.map(({ id }) => id!).filter(id => !refused.has(id)))
    let asked = ''
    const outcome = await pool.run(
      {
        kind: `generate ${key.kind} ${key.parameter}`,
        on,
        repeatable: false,
        single: false,
        run: (card, device) => {
          asked = device.id!
          this.#tell(key, version, { step: 'making', device: asked })
          return generate(leftovers, { key, version, keyDomain }, card, device)
        },
      },
      this.#closing.signal,
    )
    if (outcome instanceof DriverError) {
      refused.add(asked)
      const others = pool.members.some(({ id }) => !refused.has(id!))
      if (!others) throw new HsmError('KEY_NOT_USABLE', `no member can make it: ${outcome.message}`, { cause: outcome })
      return
    }
    using _ = outcome.expected
    if (outcome.wrapped === undefined && key.durability > 1) {
      throw new HsmError(
        'INVALID',
        `${asked} cannot copy keys, so ${key.durability} members cannot hold it: make it with durability 1`,
      )
    }
    await this.#save(key, version, outcome)
    this.#tell(key, version, { step: 'made', device: asked })
  }

  async #save(
    key: KeyRow,
    version: VersionRow,
    { instance, publicKey, wrapped, attestation }: GeneratedKey,
  ): Promise<void> {
    const { store, catalogue, now } = this.#parts
    const path = instance.device.id!
    const { reference } = instance.info
    await store.write(async db => {
      const { numUpdatedRows } = await db
        .updateTable('key_versions')
        .set({
          ...{ card_key_id: instance.id, identity: instance.identity, key_domain: instance.keyDomain },
          public_key: publicKey ?? null,
          ...{ wrapped: wrapped ?? null, attestation: attestation ?? null },
        })
        .where('id', '=', version.id)
        .where('state', '=', 'creating')
        .executeTakeFirstOrThrow()
      // Nobody wants it any more: it stays among what is left, and is deleted.
      if (numUpdatedRows === 0n) return
      await db.deleteFrom('leftovers').where('device_path', '=', path).where('reference', '=', reference).execute()
      const device = await db.selectFrom('devices').select('id').where('path', '=', path).executeTakeFirst()
      if (device === undefined) return
      const values = { reference, state: 'verified', reason: null, checked_at: now() } as const
      await db
        .insertInto('instances')
        .values({ version_id: version.id, device_id: device.id, ...values })
        .onConflict(row => row.columns(['version_id', 'device_id']).doUpdateSet(values))
        .execute()
    })
    await catalogue.load(key.id)
  }

  async #finish(key: KeyRow, version: VersionRow): Promise<void> {
    const { history, catalogue, now } = this.#parts
    const state = version.other_state
    const at = now()
    await history.write(async db => {
      const { numUpdatedRows } = await db
        .updateTable('key_versions')
        .set({ state, state_since: at, reason: null })
        .where('id', '=', version.id)
        .where('state', '=', 'creating')
        .executeTakeFirstOrThrow()
      const happened: Happening[] = []
      if (numUpdatedRows === 0n) return { value: undefined, happened }
      const about = { tenant: key.tenant_id, subject: key.id }
      happened.push({ ...about, type: 'key.created', data: { name: key.name, version: version.version, state } })
      const primary = state === 'active' ? { primary_version: version.version } : {}
      await db
        .updateTable('keys')
        .set(row => ({ ...primary, revision: row('revision', '+', 1) }))
        .where('id', '=', key.id)
        .execute()
      if (state === 'active') {
        const former = await db
          .updateTable('key_versions')
          .set({ state: 'deactivated', state_since: at, reason: `version ${version.version} is in its place` })
          .where('key_id', '=', key.id)
          .where('state', '=', 'active')
          .where('version', '<', version.version)
          .returning('version')
          .execute()
        for (const { version: number } of former) {
          happened.push({ ...about, type: 'key.deactivated', data: { name: key.name, version: number } })
        }
      }
      return { value: undefined, happened }
    })
    await catalogue.load(key.id)
  }

  /** Why the last step was not done, in words. */
  obstacleTo(versionId: string): string | undefined {
    return this.#obstacles.get(versionId)
  }

  /** Nothing of it stays, but what is left on devices until they are there. */
  async abandon(versionId: string, reason: string, actor?: string): Promise<void> {
    const { history, catalogue, leftovers } = this.#parts
    const id = await history.write(async db => {
      const version = await db
        .selectFrom('key_versions')
        .innerJoin('keys', 'keys.id', 'key_versions.key_id')
        .select(['key_versions.version', 'key_versions.state', 'keys.id', 'keys.name', 'keys.tenant_id'])
        .where('key_versions.id', '=', versionId)
        .executeTakeFirst()
      if (version?.state !== 'creating') return { value: version?.id, happened: [] }
      await this.#leave(db, versionId)
      await db.deleteFrom('key_versions').where('id', '=', versionId).execute()
      const others = await db
        .selectFrom('key_versions')
        .select('id')
        .where('key_id', '=', version.id)
        .executeTakeFirst()
      if (others === undefined) await db.deleteFrom('keys').where('id', '=', version.id).execute()
      const data = { name: version.name, version: version.version, reason }
      return {
        value: version.id,
        happened: [
          { tenant: version.tenant_id, type: 'key.not-created', subject: version.id, ...(actor && { actor }), data },
        ],
      }
    })
    if (id !== undefined) await catalogue.load(id)
    await leftovers.sweepAll()
  }

  /** What was made of it is not wanted any more; what was there before stays. */
  async #leave(db: Transaction<Tables>, versionId: string): Promise<void> {
    const made = await db
      .selectFrom('key_versions')
      .innerJoin('instances', 'instances.version_id', 'key_versions.id')
      .innerJoin('devices', 'devices.id', 'instances.device_id')
      .select(['devices.path as device_path', 'instances.reference', 'key_versions.card_key_id'])
      .where('key_versions.id', '=', versionId)
      .where('key_versions.adopted', '=', 0)
      .where('instances.state', 'in', ['verified', 'unverified'])
      .execute()
    await this.#parts.leftovers.rememberIn(
      db,
      made.flatMap(({ card_key_id, ...each }) => (card_key_id === null ? [] : [{ ...each, card_key_id }])),
    )
    await db.deleteFrom('instances').where('version_id', '=', versionId).execute()
  }

  #tell(
    { id, tenant_id: tenant, name }: KeyRow,
    { version }: VersionRow,
    data: { step: string; device: string },
  ): void {
    const happening = { tenant, type: 'key.progress', subject: id, data: { name, version, ...data } }
    // It is told for who looks on; the key does not depend on it.
    this.#parts.history.record(happening).catch(() => {})
  }
}

/** It may go better with another member, or later. */
function passes(error: unknown): boolean {
  const passing = ['NO_DEVICE', 'BUSY', 'TIMEOUT', 'OUTCOME_UNKNOWN', 'NOT_DURABLE', 'DATABASE']
  return error instanceof HsmError && passing.includes(error.code)
}
