/**
 * Groups of devices that share a key domain, so that a key can be on all of them.
 *
 * A group takes the domain of its first member for its own, unless it was made with one. From then on only devices join that
 * have this domain with its key: one that has not could hold none of the group's keys.
 */
import type { Transaction } from 'kysely'
import type { Devices } from '../devices.ts'
import type { DeviceSession } from '../device-session.ts'
import { HsmError } from '../errors.ts'
import type { Happening, History } from '../history/history.ts'
import type { Caller } from '../principals/caller.ts'
import { newId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Row, Tables } from '../store/tables.ts'
import { leavingObstacle } from './leaving.ts'
import { type Member, Members } from './members.ts'

export type GroupRow = Row<'groups'>
type DeviceRow = Row<'devices'>

interface Parts {
  readonly store: Store
  readonly history: History
  readonly devices: Devices
  now(): number
}

export interface NewGroup {
  readonly name: string
  /** Key check value or unique id, hexadecimal; default: that of the first member. */
  readonly keyDomain?: string | undefined
}

/** What is given is changed. */
export interface Membership {
  readonly priority?: number | undefined
  readonly standby?: boolean | undefined
}

export class Groups implements AsyncDisposable {
  readonly members: Members
  readonly #parts: Parts
  readonly #stop = new AbortController()

  private constructor(parts: Parts, members: Members) {
    this.#parts = parts
    this.members = members
    const onEvent = ({ type, subject }: Row<'events'>) => {
      if (type.startsWith('device.')) this.members.load(subject).catch(() => {})
    }
    parts.history.events.on('event', onEvent)
    const onReady = (device: DeviceSession) => {
      if (device.state === 'ready') this.#learnDomain(device).catch(() => {})
    }
    parts.devices.events.on('change', onReady)
    parts.devices.events.on('keys', onReady)
    this.#stop.signal.addEventListener('abort', () => {
      parts.history.events.off('event', onEvent)
      parts.devices.events.off('change', onReady)
      parts.devices.events.off('keys', onReady)
    })
  }

  static async open(parts: Parts): Promise<Groups> {
    const members = new Members(parts.store)
    await members.load()
    return new Groups(parts, members)
  }

  /** The id of the group that a device, by its certified path, is in. */
  readonly groupOf = (path: string): string | undefined => this.members.get(path)?.group

  async list({ tenant }: Caller): Promise<GroupRow[]> {
    if (tenant === null) return []
    return this.#parts.store.db
      .selectFrom('groups')
      .selectAll()
      .where('tenant_id', '=', tenant)
      .orderBy('name')
      .execute()
  }

  /** @throws HsmError NOT_FOUND */
  async find({ tenant }: Pick<Caller, 'tenant'>, nameOrId: string): Promise<GroupRow> {
    const group = await this.#parts.store.db
      .selectFrom('groups')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .where(eb => eb.or([eb('name', '=', nameOrId), eb('id', '=', nameOrId)]))
      .executeTakeFirst()
    if (group === undefined) throw new HsmError('NOT_FOUND', `there is no group ${nameOrId}`)
    return group
  }

  /** @throws HsmError EXISTS */
  create(caller: Caller, { name, keyDomain }: NewGroup): Promise<GroupRow> {
    return this.#parts.history.write(async db => {
      const { group, happened } = await this.make(db, caller, { name, keyDomain })
      return { value: group, happened }
    })
  }

  /** As `create`, as a part of what else is written. */
  async make(
    db: Transaction<Tables>,
    { tenant, principal }: Pick<Caller, 'tenant' | 'principal'>,
    { name, keyDomain }: NewGroup,
  ): Promise<{ readonly group: GroupRow; readonly happened: readonly Happening[] }> {
    if (tenant === null) throw new HsmError('FORBIDDEN', 'groups belong to tenants')
    await this.#mustBeFree(db, tenant, name)
    const group: GroupRow = {
      ...{ id: newId('grp'), tenant_id: tenant, name, key_domain: keyDomain?.toUpperCase() ?? null },
      ...{ created_at: this.#parts.now(), revision: 1 },
    }
    await db.insertInto('groups').values(group).execute()
    const data = { name, keyDomain: group.key_domain }
    return { group, happened: [{ tenant, type: 'group.created', subject: group.id, actor: principal, data }] }
  }

  /** @throws HsmError NOT_FOUND, EXISTS; STALE if another revision is there than the one given */
  async rename(caller: Caller, nameOrId: string, name: string, revision?: number): Promise<GroupRow> {
    const group = await this.#current(caller, nameOrId, revision)
    return this.#parts.history.write(async db => {
      if (name !== group.name) await this.#mustBeFree(db, group.tenant_id, name)
      const value = { ...group, name, revision: group.revision + 1 }
      const { numUpdatedRows } = await db
        .updateTable('groups')
        .set({ name, revision: value.revision })
        .where('id', '=', group.id)
        .where('revision', '=', group.revision)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) throw stale(group)
      const happening = { type: 'group.renamed', subject: group.id, data: { name, before: group.name } }
      return { value, happened: [{ tenant: group.tenant_id, actor: caller.principal, ...happening }] }
    })
  }

  /** @throws HsmError NOT_FOUND, STALE; WRONG_STATE if there are devices or keys in it */
  async delete(caller: Caller, nameOrId: string, revision?: number): Promise<void> {
    const group = await this.#current(caller, nameOrId, revision)
    await this.#parts.history.write(async db => {
      await mustBeEmpty(db, group)
      await db.updateTable('enrolments').set({ group_id: null }).where('group_id', '=', group.id).execute()
      await db.deleteFrom('groups').where('id', '=', group.id).execute()
      const happening = { type: 'group.deleted', subject: group.id, data: { name: group.name } }
      return { value: undefined, happened: [{ tenant: group.tenant_id, actor: caller.principal, ...happening }] }
    })
  }

  /**
   * Puts a device of the tenant into a group, out of the one that it is in, or changes its place there.
   *
   * @param nameOrId of the device: its name, its id or its certified path
   * @throws HsmError NOT_FOUND; WRONG_STATE if it has not the group's key domain, or holds the last copy of a key of the group
   *   that it is in
   */
  async join(caller: Caller, nameOrId: string, group: string, membership: Membership = {}): Promise<Member> {
    const { db } = this.#parts.store
    const [device, to] = [await this.#device(caller, nameOrId), await this.find(caller, group)]
    const moves = device.group_id !== to.id
    const domain = moves ? await this.joinable(device.path, to) : to.key_domain
    if (moves && device.group_id !== null) {
      const obstacle = await leavingObstacle(db, device.id, device.group_id)
      if (obstacle) throw new HsmError('WRONG_STATE', `${device.name} cannot leave its group: ${obstacle}`)
    }
    const place = {
      group_id: to.id,
      priority: membership.priority ?? device.priority,
      standby: Number(membership.standby ?? device.standby === 1),
    }
    await this.#parts.history.write(async db => {
      await db
        .updateTable('devices')
        .set({ ...place, revision: device.revision + 1 })
        .where('id', '=', device.id)
        .execute()
      if (moves) await db.deleteFrom('instances').where('device_id', '=', device.id).execute()
      if (domain !== to.key_domain) {
        await db.updateTable('groups').set({ key_domain: domain }).where('id', '=', to.id).execute()
      }
      const data = { group: to.name, priority: place.priority, standby: place.standby === 1 }
      const type = moves ? 'device.joined' : 'device.placed'
      return {
        value: undefined,
        happened: [{ tenant: to.tenant_id, type, subject: device.id, actor: caller.principal, data }],
      }
    })
    await this.members.load(device.id)
    return this.members.get(device.path)!
  }

  /**
   * The key domain that a group has when this device joins it: its own, or for an empty group the device's first.
   *
   * @param path of a device that has been connected since the start
   * @throws HsmError WRONG_STATE if it cannot join, with the domains of both
   */
  async joinable(path: string, group: GroupRow): Promise<string | null> {
    const session = this.#parts.devices.known().find(({ id }) => id === path)
    if (session === undefined) {
      throw new HsmError('WRONG_STATE', `${path} has not connected yet: its key domains are not known`)
    }
    const domains = [...session.completeDomains.keys()]
    const { key_domain: wanted, name } = group
    if (wanted !== null) {
      if (domains.includes(wanted)) return wanted
      const there = domains.length === 0 ? 'no key domain that has its key' : domains.join(' and ')
      throw new HsmError(
        'WRONG_STATE',
        `group ${name} has the key domain ${wanted}, ${path} has ${there}: import the same key shares into both`,
      )
    }
    const [other] = this.members.of(group.id)
    if (other === undefined) return domains[0] ?? null
    throw new HsmError(
      'WRONG_STATE',
      `group ${name} has no key domain yet, as its member ${other.name} has none: import the key shares there first`,
    )
  }

  /** The only member of a group without domain has got one. */
  async #learnDomain({ id, completeDomains }: DeviceSession): Promise<void> {
    const member = id === undefined ? undefined : this.members.get(id)
    const [domain] = completeDomains.keys()
    if (member === undefined || domain === undefined) return
    const { numUpdatedRows } = await this.#parts.store.write(db =>
      db
        .updateTable('groups')
        .set({ key_domain: domain })
        .where('id', '=', member.group)
        .where('key_domain', 'is', null)
        .executeTakeFirst(),
    )
    if (numUpdatedRows === 0n) return
    const data = { keyDomain: domain }
    await this.#parts.history.record({ tenant: member.tenant, type: 'group.keyDomain', subject: member.group, data })
  }

  async #device({ tenant }: Caller, nameOrId: string): Promise<DeviceRow> {
    const device = await this.#parts.store.db
      .selectFrom('devices')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .where('state', '=', 'claimed')
      .where(eb => eb.or([eb('name', '=', nameOrId), eb('id', '=', nameOrId), eb('path', '=', nameOrId)]))
      .executeTakeFirst()
    if (device === undefined) throw new HsmError('NOT_FOUND', `there is no device ${nameOrId}`)
    return device
  }

  async #current(caller: Caller, nameOrId: string, revision: number | undefined): Promise<GroupRow> {
    const group = await this.find(caller, nameOrId)
    if (revision !== undefined && revision !== group.revision) throw stale(group)
    return group
  }

  async #mustBeFree(db: Transaction<Tables>, tenant: string, name: string): Promise<void> {
    const there = await db
      .selectFrom('groups')
      .select('id')
      .where('tenant_id', '=', tenant)
      .where('name', '=', name)
      .executeTakeFirst()
    if (there) throw new HsmError('EXISTS', `there is a group ${name} already`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
  }
}

async function mustBeEmpty(db: Transaction<Tables>, { id, name }: GroupRow): Promise<void> {
  const devices = await db.selectFrom('devices').select(['name', 'path']).where('group_id', '=', id).execute()
  const keys = await db.selectFrom('keys').select('name').where('group_id', '=', id).execute()
  const [first] = [...devices.map(one => `device ${one.name ?? one.path}`), ...keys.map(key => `key ${key.name}`)]
  if (first === undefined) return
  const rest = devices.length + keys.length - 1
  throw new HsmError('WRONG_STATE', `group ${name} is not empty: ${first}${rest > 0 ? ` and ${rest} more` : ''}`)
}

function stale({ name, revision }: GroupRow): HsmError {
  return new HsmError('STALE', `group ${name} has changed meanwhile: it is at revision ${revision}`)
}
