/** Changes of the state of versions, and what follows from them when their time has come. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Happening } from '../history/history.ts'
import type { Caller } from '../principals/caller.ts'
import type { Row, Tables } from '../store/tables.ts'
import { type Catalogue, type CataloguedKey, type KeyRow, nothingStale } from './catalogue.ts'
import type { Leftovers } from './leftovers.ts'
import { after, type Change } from './states.ts'
import { instancesOf } from './usable.ts'

export interface ChangeRequest {
  /** Default: all that can be changed so. */
  readonly version?: number | undefined
  /** In words. */
  readonly reason?: string | undefined
  /** Of `destroy`: how long it can be restored, in milliseconds. Default 7 days. */
  readonly restorableMs?: number | undefined
  /** Of `destroy`: also while data keys hang on a version, which are then lost with it. */
  readonly force?: boolean | undefined
  /** The revision of the key that the caller has seen. */
  readonly ifMatch?: number | undefined
}

interface Parts extends Foundation {
  readonly catalogue: Catalogue
  readonly leftovers: Leftovers
}

type VersionRow = Pick<Row<'key_versions'>, 'id' | 'version' | 'state' | 'other_state' | 'destroy_at'>

const usuallyRestorableMs = 7 * 24 * 3_600_000
const events: Readonly<Record<Change, string>> = {
  activate: 'key.activated',
  suspend: 'key.suspended',
  deactivate: 'key.deactivated',
  destroy: 'key.destroyed',
  restore: 'key.restored',
}

/** @throws HsmError NOT_FOUND, WRONG_STATE, STALE */
export async function changeState(
  parts: Parts,
  caller: Caller,
  nameOrId: string,
  change: Change,
  request: ChangeRequest,
): Promise<CataloguedKey> {
  const { history, catalogue, now } = parts
  const { key } = catalogue.find(caller, nameOrId)
  const at = now()
  await history.write(async db => {
    const current = await db.selectFrom('keys').selectAll().where('id', '=', key.id).executeTakeFirstOrThrow()
    nothingStale(current, request.ifMatch)
    const versions = await db
      .selectFrom('key_versions')
      .select(['id', 'version', 'state', 'other_state', 'destroy_at'])
      .where('key_id', '=', key.id)
      .orderBy('version')
      .execute()
    const happened: Happening[] = []
    const changing = chosen(current, versions, change, request.version)
    const primary = primaryAfter(current, changing, change)
    for (const version of changing) {
      if (change === 'destroy' && !request.force) await mustNotBeNeeded(db, current, version)
      const next = after(change, version)!
      // One version signs: an older one that comes back only decrypts.
      const state = next.state === 'active' && version.version !== primary ? 'deactivated' : next.state
      const destroyAt = change === 'destroy' ? at + (request.restorableMs ?? usuallyRestorableMs) : null
      await db
        .updateTable('key_versions')
        .set({ ...next, state, state_since: at, reason: request.reason ?? null, destroy_at: destroyAt })
        .where('id', '=', version.id)
        .execute()
      const data = { name: current.name, version: version.version, state, ...reasonOf(request) }
      happened.push({ tenant: current.tenant_id, type: events[change], subject: key.id, actor: caller.principal, data })
    }
    for (const { id, version } of formerOf(versions, primary, current)) {
      const reason = `version ${primary} is in its place`
      await db
        .updateTable('key_versions')
        .set({ state: 'deactivated', state_since: at, reason })
        .where('id', '=', id)
        .execute()
      const data = { name: current.name, version, state: 'deactivated', reason }
      happened.push({ tenant: current.tenant_id, type: events.deactivate, subject: key.id, data })
    }
    await db
      .updateTable('keys')
      .set({ primary_version: primary, revision: current.revision + 1 })
      .where('id', '=', key.id)
      .execute()
    return { value: undefined, happened }
  })
  await catalogue.load(key.id)
  return catalogue.get(key.id)!
}

/** @throws HsmError WRONG_STATE if data keys hang on it */
async function mustNotBeNeeded(db: Transaction<Tables>, { name }: KeyRow, { id, version }: VersionRow): Promise<void> {
  const { count } = await db
    .selectFrom('data_keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('version_id', '=', id)
    .executeTakeFirstOrThrow()
  if (Number(count) === 0) return
  const lost = `${count} data keys hang on it, and all that is encrypted with them would be lost`
  throw new HsmError('WRONG_STATE', `key ${name}, version ${version}: ${lost}; rewrap that first, or say force`)
}

function reasonOf({ reason }: ChangeRequest): { readonly reason?: string } {
  return reason === undefined ? {} : { reason }
}

/** The newest of those that are activated for the first time, unless a newer one has been before. */
function primaryAfter({ primary_version }: KeyRow, changing: readonly VersionRow[], change: Change): number {
  const begun = changing.filter(({ state }) => change === 'activate' && state === 'pre-active')
  return Math.max(primary_version, ...begun.map(({ version }) => version))
}

/** Those that were active before another version was activated. */
function formerOf(versions: readonly VersionRow[], primary: number, { primary_version: before }: KeyRow): VersionRow[] {
  return primary === before ? [] : versions.filter(({ state, version }) => state === 'active' && version !== primary)
}

/** @throws HsmError NOT_FOUND, WRONG_STATE */
function chosen(
  key: KeyRow,
  versions: readonly VersionRow[],
  change: Change,
  wanted: number | undefined,
): VersionRow[] {
  const considered = wanted === undefined ? versions : versions.filter(({ version }) => version === wanted)
  if (considered.length === 0) throw new HsmError('NOT_FOUND', `key ${key.name} has no version ${wanted}`)
  const able = considered.filter(version => after(change, version) !== undefined)
  if (able.length > 0) return able
  const states = considered.map(({ version, state, destroy_at }) => {
    const erased = state === 'destroyed' && destroy_at === null
    return `version ${version} is ${erased ? 'erased' : state}`
  })
  throw new HsmError('WRONG_STATE', `key ${key.name}: nothing to ${change}, ${states.join(', ')}`)
}

/** Erases what has been destroyed long enough: the wrapped copy at once, the instances when their devices are there. */
export async function eraseDue(parts: Parts): Promise<void> {
  const { history, catalogue, leftovers, pools, now } = parts
  const due = catalogue
    .all()
    .flatMap(({ key, versions }) => versions.map(version => ({ key, version })))
    .filter(({ version }) => version.destroy_at !== null && version.destroy_at <= now())
  for (const { key, version } of due) {
    const here = [...instancesOf(pools, key, version)].map(([path, { reference }]) => ({
      device_path: path,
      reference,
    }))
    await history.write(async db => {
      const { numUpdatedRows } = await db
        .updateTable('key_versions')
        .set({ wrapped: null, destroy_at: null })
        .where('id', '=', version.id)
        .where('state', '=', 'destroyed')
        .where('destroy_at', '<=', now())
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) return { value: undefined, happened: [] }
      const known = await db
        .selectFrom('instances')
        .innerJoin('devices', 'devices.id', 'instances.device_id')
        .select(['devices.path as device_path', 'instances.reference'])
        .where('instances.version_id', '=', version.id)
        .where('instances.state', 'in', ['verified', 'unverified'])
        .execute()
      await leftovers.rememberIn(
        db,
        [...known, ...here].map(each => ({ ...each, card_key_id: version.card_key_id! })),
      )
      await db.deleteFrom('instances').where('version_id', '=', version.id).execute()
      await db
        .updateTable('keys')
        .set(row => ({ revision: row('revision', '+', 1) }))
        .where('id', '=', key.id)
        .execute()
      const data = { name: key.name, version: version.version }
      return { value: undefined, happened: [{ tenant: key.tenant_id, type: 'key.erased', subject: key.id, data }] }
    })
    await catalogue.load(key.id)
  }
  if (due.length > 0) await leftovers.sweepAll()
}
