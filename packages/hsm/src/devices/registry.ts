/**
 * The devices that are known: whose they are, in which group, and what was last found out about them. A device gets its row when
 * it has proven its name for the first time, and waits in quarantine until it is claimed.
 */
import { enrolmentCode } from '@keytether/card'
import type { SmartCardHsm } from '@keytether/driver'
import { type Kysely, sql, type Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Happening } from '../history/history.ts'
import type { Caller } from '../principals/caller.ts'
import type { Membership } from '../scheduler/pools.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Row, Tables } from '../store/tables.ts'
import { claimDevice, lastPart, sight, updateDevice } from './admission.ts'
import { inTurn } from './exclusive.ts'
import { type Facts, ifSaid, keyFacts, readFacts } from './facts.ts'
import { type Condition, conditionOf, warningsOf } from './words.ts'

export interface RegistryOptions {
  /** The id of the tenant main. */
  readonly main: string
  /** Every genuine device is that tenant's. */
  readonly genuine: boolean
  /** The devices that are its in any case, by their paths. */
  readonly named: ReadonlySet<string>
}

/** A device as it is shown to its tenant. */
export interface DeviceView extends Condition {
  readonly row: Row<'devices'>
  readonly session: DeviceSession | undefined
  readonly facts: Facts | undefined
  readonly warnings: readonly string[]
}

export interface ClaimRequest {
  /** Its path, or the last part of that. */
  readonly device: string
  /** As its agent shows it. */
  readonly code: string
  readonly name?: string | undefined
  readonly group?: string | undefined
  readonly priority?: number | undefined
  readonly standby?: boolean | undefined
}

export interface DeviceChanges {
  readonly name?: string | undefined
  readonly priority?: number | undefined
  readonly standby?: boolean | undefined
}

type DeviceRow = Row<'devices'>

const quietMs = 300
const patienceMs = 30_000

export class Registry {
  readonly #foundation: Foundation
  readonly #options: RegistryOptions
  /** As they are in the database, by their paths. */
  readonly #rows = new Map<string, DeviceRow>()
  /** Sessions that have shown who they are, and with what secret. */
  readonly #seen = new WeakSet<DeviceSession>()
  /** Devices whose keys have changed a moment ago. */
  readonly #changing = new WeakMap<DeviceSession, NodeJS.Timeout>()
  /** Facts and events are written in order, one after the other. */
  #noted: Promise<void> = Promise.resolve()

  private constructor(foundation: Foundation, options: RegistryOptions) {
    this.#foundation = foundation
    this.#options = options
  }

  static async open(foundation: Foundation, options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(foundation, options)
    for (const row of await foundation.store.db.selectFrom('devices').selectAll().execute()) registry.#keep(row)
    foundation.devices.events.on('change', session => registry.#changed(session))
    foundation.devices.events.on('keys', session => registry.#keysChanged(session))
    return registry
  }

  /** Reads the rows again; a device that is another one's than was thought comes up anew. */
  async reread(): Promise<void> {
    const rows = await this.#foundation.store.write(db => db.selectFrom('devices').selectAll().execute())
    for (const row of rows) {
      const before = this.#rows.get(row.path)
      this.#keep(row)
      if (before?.tenant_id === row.tenant_id && before.state === row.state) continue
      void this.#sessionOf(row)?.restart('it is another one’s than before', false)
    }
  }

  /** @returns why the device is not to be opened; undefined if somebody has claimed it */
  async admit(session: DeviceSession): Promise<string | undefined> {
    const path = session.id!
    const { genuine, named, main } = this.#options
    const isMain = genuine || named.has(path)
    const { history, now } = this.#foundation
    const { address, transport, enrolment, agent } = session.origin
    // What it comes with is good for one claim: what is released is not claimed again at once.
    const isNew = !this.#seen.has(session)
    const row = await history.write(async db => {
      const sighting = { path, at: now(), ...(isNew && { enrolment, agent }), main: isMain ? main : undefined }
      const { row, happened } = await sight(db, sighting)
      const connected = {
        tenant: row.tenant_id,
        type: 'device.connected',
        subject: row.id,
        data: { address, transport, agent },
      }
      return { value: row, happened: isNew && row.tenant_id !== null ? [...happened, connected] : happened }
    })
    this.#seen.add(session)
    this.#keep(row)
    if (row.state === 'claimed') return undefined
    const why = row.state === 'retired' ? 'it was retired' : 'in quarantine'
    return `${why}: an administrator claims it with its enrolment code, which its agent shows`
  }

  /** How a device that waits is claimed, for who has it in hand; undefined if it does not wait. */
  invitation({ id, identity }: DeviceSession): string | undefined {
    if (id === undefined || identity === undefined || (this.#rows.get(id)?.state ?? 'claimed') === 'claimed') {
      return undefined
    }
    const code = enrolmentCode(identity.devicePublicKey)
    return `${id} waits in quarantine: keytether device claim ${lastPart(id)} --code ${code}`
  }

  /** Where a device, by its path, is at work. */
  membershipOf(path: string): Membership {
    const row = this.#rows.get(path)
    return { group: row?.group_id ?? undefined, priority: row?.priority, standby: row?.standby === 1 }
  }

  /** The rows of the devices in a group, by its id. */
  inGroup(group: string): DeviceRow[] {
    return [...this.#rows.values()].filter(row => row.group_id === group)
  }

  /** Whether a device, by its path, is the caller's tenant's. */
  isOf({ tenant }: Pick<Caller, 'tenant'>, path: string): boolean {
    return tenant !== null && this.#rows.get(path)?.tenant_id === tenant
  }

  /** The row of a device by its path, whosever it is. */
  row(path: string): DeviceRow | undefined {
    return this.#rows.get(path)
  }

  /** All devices of the caller's tenant, by their names. */
  list(caller: Caller): DeviceView[] {
    return this.#rowsOf(caller)
      .toSorted((a, b) => (a.name! < b.name! ? -1 : 1))
      .map(row => this.#view(row))
  }

  /** Those that are nobody's, for who runs the service. */
  quarantine(): DeviceView[] {
    return [...this.#rows.values()].filter(row => row.tenant_id === null).map(row => this.#view(row))
  }

  /**
   * @param device its name, id or path, or the last part of that
   * @throws HsmError NOT_FOUND, AMBIGUOUS_HSM
   */
  device(caller: Caller, device: string): DeviceView {
    return this.#view(this.#find(this.#rowsOf(caller), device))
  }

  /**
   * The live session of a device, when it has come as far as it goes.
   *
   * @throws HsmError NO_DEVICE, TAKEN
   */
  async present(row: DeviceRow): Promise<DeviceSession> {
    const session = this.#sessionOf(row)
    await session?.settled()
    const { state, reason } = this.#view(row)
    if (session === undefined || session.state === 'offline') {
      throw new HsmError('NO_DEVICE', `${row.name ?? row.path} is offline: ${reason}`)
    }
    if (state === 'lent') throw new HsmError('TAKEN', `${row.name ?? row.path} is ${reason}`)
    return session
  }

  /**
   * Takes a device out of quarantine. The code proves that whoever claims it has seen it.
   *
   * @throws HsmError NOT_FOUND without telling whether the device or the code is wrong; EXISTS
   */
  async claim(caller: Caller, request: ClaimRequest): Promise<DeviceView> {
    const { history, now } = this.#foundation
    const waiting = [...this.#rows.values()].filter(one => one.tenant_id === null || one.state === 'retired')
    const code = normalCode(request.code)
    const row = waiting.find(one => named(one, request.device) && this.#codeOf(one) === code)
    if (row === undefined) {
      throw new HsmError(
        'NOT_FOUND',
        `no device ${request.device} with this code waits for being claimed: it must have connected, and its code is what its agent shows`,
      )
    }
    const changed = await history.write(async db => {
      const current = await db.selectFrom('devices').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow()
      if (current.state === 'claimed') throw new HsmError('EXISTS', `${row.path} has just been claimed`)
      const group = request.group === undefined ? undefined : (await groupNamed(db, caller, request.group)).id
      if (request.name !== undefined) await mustBeFree(db, caller, request.name)
      const { name, priority, standby } = request
      const claim = { tenant: caller.tenant!, at: now(), by: 'its code', actor: caller.principal }
      const { row: claimed, happened } = await claimDevice(db, current, { ...claim, name, group, priority, standby })
      // One that was retired was still somebody's, who hears that it is his no more.
      const data = { path: row.path, name: current.name }
      const released = { tenant: current.tenant_id, type: 'device.released', subject: row.id, data }
      const isOther = current.tenant_id !== null && current.tenant_id !== caller.tenant
      return { value: claimed, happened: isOther ? [released, ...happened] : happened }
    })
    this.#keep(changed)
    await this.#sessionOf(changed)?.restart('it was claimed, and comes up')
    await this.settled()
    return this.device(caller, changed.id)
  }

  /**
   * Puts a device back into quarantine: it is nobody's, and the service forgets its PIN.
   *
   * @throws HsmError NOT_FOUND, STALE; TAKEN while somebody has it to himself, who would keep it
   */
  async release(caller: Caller, device: string, revision?: number): Promise<void> {
    const { row: before, session } = this.device(caller, device)
    if (session?.state === 'lent') throw new HsmError('TAKEN', `${before.name} is ${session.reason}`)
    const row = await this.change(caller, device, { revision }, async (db, row) => {
      await db.deleteFrom('instances').where('device_id', '=', row.id).execute()
      return { values: unclaimed, type: 'device.released', data: { path: row.path, name: row.name } }
    })
    await this.#sessionOf(row)?.restart('it was released', false)
  }

  /** @throws HsmError NOT_FOUND, EXISTS, STALE */
  async update(caller: Caller, device: string, changes: DeviceChanges, revision?: number): Promise<DeviceView> {
    const { name, priority, standby } = changes
    const row = await this.change(caller, device, { revision }, async (db, row) => {
      if (name !== undefined && name !== row.name) await mustBeFree(db, caller, name)
      const values = {
        ...(name !== undefined && { name }),
        ...(priority !== undefined && { priority }),
        ...(standby !== undefined && { standby: standby ? 1 : 0 }),
      }
      return { values, type: 'device.changed', data: { ...changes } }
    })
    return this.#view(row)
  }

  /**
   * Changes the row of a device, and records that.
   *
   * @throws HsmError NOT_FOUND, STALE if its revision is another one than that which is wanted
   */
  async change(
    caller: Caller,
    device: string,
    { revision }: { readonly revision?: number | undefined },
    work: (
      db: Transaction<Tables>,
      row: DeviceRow,
    ) => Promise<{
      readonly values: Parameters<typeof updateDevice>[2]
      readonly type: string
      readonly data?: Happening['data']
    }>,
  ): Promise<DeviceRow> {
    const { id } = this.#find(this.#rowsOf(caller), device)
    const row = await this.#foundation.history.write(async db => {
      const current = await db
        .selectFrom('devices')
        .selectAll()
        .where('id', '=', id)
        .where('tenant_id', '=', caller.tenant)
        .executeTakeFirst()
      if (current === undefined) throw new HsmError('NOT_FOUND', `there is no device ${device}`)
      if (revision !== undefined && current.revision !== revision) {
        throw new HsmError(
          'STALE',
          `${current.name} has changed: wanted revision ${revision}, it is ${current.revision}`,
        )
      }
      const { values, type, data = {} } = await work(db, current)
      const value = await updateDevice(db, id, values)
      const happened = { tenant: caller.tenant, type, subject: id, actor: caller.principal, data }
      return { value, happened: [happened] }
    })
    this.#keep(row)
    return row
  }

  /** Changes a row as the service does by itself. */
  async changeBySelf(
    { id, tenant_id }: DeviceRow,
    type: string,
    data: Happening['data'] & object,
    values: Parameters<typeof updateDevice>[2],
  ): Promise<void> {
    const row = await this.#foundation.history.write(async db => ({
      value: await updateDevice(db, id, values),
      happened: [{ tenant: tenant_id, type, subject: id, data }],
    }))
    this.#keep(row)
  }

  /** Asks the device for what is shown of it. @throws HsmError NOT_FOUND, NO_DEVICE, BUSY, TIMEOUT */
  async refresh(caller: Caller, device: string, signal: AbortSignal): Promise<DeviceView> {
    const row = this.#find(this.#rowsOf(caller), device)
    const session = await this.present(row)
    const facts = await inTurn(session, signal, card => readFacts(card, this.#foundation.now()))
    await this.#keepFacts(row, facts)
    return this.device(caller, row.id)
  }

  /** What happened to a device, the latest first. */
  async history(caller: Caller, device: string, { before, limit }: { before?: number | undefined; limit: number }) {
    const { id } = this.#find(this.#rowsOf(caller), device)
    return this.#foundation.store.db
      .selectFrom('events')
      .selectAll()
      .where('subject', '=', id)
      .where('tenant_id', '=', caller.tenant)
      .$if(before !== undefined, query => query.where('id', '<', before!))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
  }

  /** Resolves when what happened so far is written. */
  async settled(): Promise<void> {
    await this.#noted
  }

  #rowsOf({ tenant }: Caller): DeviceRow[] {
    return [...this.#rows.values()].filter(row => tenant !== null && row.tenant_id === tenant)
  }

  #find(rows: readonly DeviceRow[], device: string): DeviceRow {
    const exact = rows.find(row => row.id === device || row.name === device || row.path === device)
    const [row, ...more] = exact ? [exact] : rows.filter(row => lastPart(row.path) === device)
    if (row === undefined) throw new HsmError('NOT_FOUND', `there is no device ${device}`)
    if (more.length === 0) return row
    const paths = [row, ...more].map(({ path }) => path).join(', ')
    throw new HsmError('AMBIGUOUS_HSM', `several devices are called ${device}: ${paths}`)
  }

  #sessionOf({ path }: DeviceRow): DeviceSession | undefined {
    return this.#foundation.devices.session(path)
  }

  #codeOf(row: DeviceRow): string | undefined {
    const identity = this.#sessionOf(row)?.identity
    return identity && normalCode(enrolmentCode(identity.devicePublicKey))
  }

  #view(row: DeviceRow): DeviceView {
    const session = this.#sessionOf(row)
    const known = factsOf(row)
    const facts = known && session?.state === 'ready' ? { ...known, keys: keyFacts(session.keys) } : known
    return { row, session, facts, warnings: facts ? warningsOf(facts) : [], ...conditionOf(row, session, facts) }
  }

  #keep(row: DeviceRow): void {
    this.#rows.set(row.path, row)
    this.#foundation.pools.refresh(row.path)
  }

  /** What is found out is written when the device has settled; what its tenant should know is an event. */
  #changed(session: DeviceSession): void {
    const row = session.id === undefined ? undefined : this.#rows.get(session.id)
    if (row?.state !== 'claimed' || this.#sessionOf(row) !== session) return
    const { state, reason } = session
    const locked = state === 'secured' && reason !== undefined
    if (state === 'ready' || locked || state === 'offline' || state === 'lent') {
      const type = `device.${locked ? 'locked' : state}`
      const data = reason === undefined ? {} : { reason }
      void this.#note(() => this.#foundation.history.record({ tenant: row.tenant_id, type, subject: row.id, data }))
    }
  }

  /** Asked before a device is ready, so that what is asked of it then is the work of applications. */
  async learn(session: DeviceSession, card: SmartCardHsm): Promise<void> {
    const row = this.#rows.get(session.id!)!
    const facts = await ifSaid(readFacts(card, this.#foundation.now(), session.inventory))
    if (facts) void this.#note(() => this.#keepFacts(row, facts))
  }

  /** How much room is left is asked when all is quiet, not after each of the many keys that may be on their way. */
  #keysChanged(session: DeviceSession): void {
    clearTimeout(this.#changing.get(session))
    this.#changing.set(session, setTimeout(() => void this.#learnKeys(session), quietMs).unref())
  }

  async #learnKeys(session: DeviceSession): Promise<void> {
    const row = this.#rows.get(session.id!)
    const known = row && factsOf(row)
    if (row?.state !== 'claimed' || known === undefined || session.state !== 'ready') return
    const asked = AbortSignal.timeout(patienceMs)
    // Without an answer, only the keys are known anew.
    const status = await inTurn(session, asked, card => card.deviceStatus()).catch(() => undefined)
    const { freeMemory = known.freeMemory } = status ?? {}
    const keys = keyFacts(session.keys)
    const facts = { ...known, at: this.#foundation.now(), keys, ...(freeMemory !== undefined && { freeMemory }) }
    await this.#note(() => this.#keepFacts(row, facts))
  }

  async #keepFacts(row: DeviceRow, facts: Facts): Promise<void> {
    const { store, now } = this.#foundation
    const values = { facts: JSON.stringify(facts), last_seen_at: now() }
    this.#keep(await store.write(db => updateDevice(db, row.id, values)))
  }

  /** A device's state must not depend on whether it could be written down: a broken store is told by whatever else uses it. */
  #note(work: () => Promise<void>): Promise<void> {
    this.#noted = this.#noted.then(work).catch(() => {})
    return this.#noted
  }
}

const unclaimed = {
  tenant_id: null,
  group_id: null,
  name: null,
  state: 'quarantined',
  priority: 0,
  standby: 0,
  pin: null,
  pin_refused: 0,
  facts: '{}',
} as const

function factsOf({ facts }: DeviceRow): Facts | undefined {
  return facts === '{}' ? undefined : (JSON.parse(facts) as Facts)
}

function named({ path }: DeviceRow, device: string): boolean {
  return path === device || lastPart(path) === device
}

function normalCode(code: string): string {
  return code.replaceAll(/[\s-]/g, '').toUpperCase()
}

/** @throws HsmError NOT_FOUND */
export async function groupNamed(db: Kysely<Tables>, { tenant }: Caller, group: string): Promise<Row<'groups'>> {
  const found = await db
    .selectFrom('groups')
    .selectAll()
    .where('tenant_id', '=', tenant!)
    .where(eb => eb.or([eb('id', '=', group), eb('name', '=', group)]))
    .executeTakeFirst()
  if (found === undefined) throw new HsmError('NOT_FOUND', `there is no group ${group}`)
  return found
}

async function mustBeFree(db: Kysely<Tables>, { tenant }: Caller, name: string): Promise<void> {
  const taken = await db
    .selectFrom('devices')
    .select(sql<number>`1`.as('one'))
    .where('tenant_id', '=', tenant)
    .where('name', '=', name)
    .executeTakeFirst()
  if (taken) throw new HsmError('EXISTS', `there is another device ${name}`)
}
