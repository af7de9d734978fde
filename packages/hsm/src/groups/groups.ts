/**
 * Groups of devices that share a key domain, so that a key can be on all of them.
 *
 * A group takes the domain of its first member for its own, unless it was made with one. From then on only devices join that
 * have this domain with its key: one that has not could hold none of the group's keys.
 */
import type { Transaction } from 'kysely'
import type { Registry } from '../devices/registry.ts'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Happening } from '../history/history.ts'
import type { Caller } from '../principals/caller.ts'
import { demandRoom } from '../principals/limits.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import { leavingObstacle } from './leaving.ts'
import { inOrder, type Member, memberOf } from './members.ts'

export type GroupRow = Row<'groups'>

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

export class Groups implements Disposable {
  readonly #foundation: Foundation
  readonly #registry: Registry
  readonly #onReady: (device: DeviceSession) => void

  constructor(foundation: Foundation, registry: Registry) {
    this.#foundation = foundation
    this.#registry = registry
    this.#onReady = device => {
      if (device.state === 'ready') this.#learnDomain(device).catch(() => {})
    }
    for (const event of ['change', 'keys'] as const) foundation.devices.events.on(event, this.#onReady)
  }

  /** The members of a group by its id, in the order in which they are asked. */
  members(group: string): Member[] {
    return inOrder(this.#registry.inGroup(group).flatMap(row => memberOf(row) ?? []))
  }

  /** What a device, by its certified path, is a member of. */
  memberOf(path: string): Member | undefined {
    const row = this.#registry.row(path)
    return row && memberOf(row)
  }

  async list({ tenant }: Caller): Promise<GroupRow[]> {
    if (tenant === null) return []
    return this.#foundation.store.db
      .selectFrom('groups')
      .selectAll()
      .where('tenant_id', '=', tenant)
      .orderBy('name')
      .execute()
  }

  /** @throws HsmError NOT_FOUND */
  async find({ tenant }: Pick<Caller, 'tenant'>, nameOrId: string): Promise<GroupRow> {
    const group = await this.#foundation.store.db
      .selectFrom('groups')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .where(eb => eb.or([eb('name', '=', nameOrId), eb('id', '=', nameOrId)]))
      .executeTakeFirst()
    if (group === undefined) throw new HsmError('NOT_FOUND', `there is no group ${nameOrId}`)
    return group
  }

  /** @throws HsmError EXISTS, QUOTA_EXCEEDED */
  create(caller: Caller, { name, keyDomain }: NewGroup): Promise<GroupRow> {
    return this.#foundation.history.write(async db => {
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
    await demandRoom(db, tenant, 'groups')
    const group: GroupRow = {
      ...{ id: newId('grp'), tenant_id: tenant, name, key_domain: keyDomain?.toUpperCase() ?? null },
      ...{ created_at: this.#foundation.now(), revision: 1 },
    }
    await db.insertInto('groups').values(group).execute()
    const data = { name, keyDomain: group.key_domain }
    return { group, happened: [{ tenant, type: 'group.created', subject: group.id, actor: principal, data }] }
  }

  /** @throws HsmError NOT_FOUND, EXISTS; STALE if another revision is there than the one given */
  async rename(caller: Caller, nameOrId: string, name: string, revision?: number): Promise<GroupRow> {
    const group = await this.#current(caller, nameOrId, revision)
    return this.#foundation.history.write(async db => {
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
    await this.#foundation.history.write(async db => {
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
   * @throws HsmError NOT_FOUND; STALE if the group has got another key domain meanwhile; WRONG_STATE if it has not the group's key domain, or holds the last copy of a key of the group
   *   that it is in
   */
  async join(caller: Caller, nameOrId: string, group: string, membership: Membership = {}): Promise<Member> {
    const { row } = this.#registry.device(caller, nameOrId)
    const to = await this.find(caller, group)
    const moves = row.group_id !== to.id
    const domain = moves ? this.joinable(row.path, to) : to.key_domain
    const changed = await this.#registry.change(caller, row.id, {}, async (db, device) => {
      if (moves) await mustStillTake(db, to)
      if (moves && device.group_id !== null) {
        const obstacle = await leavingObstacle(db, device.id, device.group_id)
        if (obstacle) throw new HsmError('WRONG_STATE', `${device.name} cannot leave its group: ${obstacle}`)
        await db.deleteFrom('instances').where('device_id', '=', device.id).execute()
      }
      if (domain !== to.key_domain) {
        await db.updateTable('groups').set({ key_domain: domain }).where('id', '=', to.id).execute()
      }
      const { priority = device.priority, standby = device.standby === 1 } = membership
      return {
        values: { group_id: to.id, priority, standby: Number(standby) },
        type: moves ? 'device.joined' : 'device.changed',
        data: { group: to.name, priority, standby },
      }
    })
    if (moves && row.group_id !== null && row.name !== null) await this.#leaveNothing(caller, row.group_id, row.name)
    return memberOf(changed)!
  }

  /** The group of its own that a device had been given is not needed any more, unless somebody uses it. */
  async #leaveNothing(caller: Caller, id: string, name: string): Promise<void> {
    await this.#foundation.history.write(async db => {
      const own = await db.selectFrom('groups').selectAll().where('id', '=', id).executeTakeFirst()
      const unused = own?.name === name && (await obstacleToDeletion(db, own)) === undefined
      const enrolled = await db.selectFrom('enrolments').select('id').where('group_id', '=', id).executeTakeFirst()
      if (!unused || enrolled !== undefined) return { value: undefined, happened: [] }
      await db.deleteFrom('groups').where('id', '=', id).execute()
      const happening = { type: 'group.deleted', subject: id, data: { name } }
      return { value: undefined, happened: [{ tenant: caller.tenant, actor: caller.principal, ...happening }] }
    })
  }

  /**
   * The key domain that a group has when this device joins it: its own, or for an empty group the device's first.
   *
   * @param path of a device that has been connected since the start
   * @throws HsmError WRONG_STATE if it cannot join, with the domains of both
   */
  joinable(path: string, group: GroupRow): string | null {
    const session = this.#foundation.devices.session(path)
    if (session?.inventory === undefined) {
      const why = session === undefined ? 'it has not connected yet' : (session.reason ?? `it is ${session.state}`)
      throw new HsmError('WRONG_STATE', `the key domains of ${path} are not known: ${why}`)
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
    const [other] = this.members(group.id)
    if (other === undefined) return domains[0] ?? null
    throw new HsmError(
      'WRONG_STATE',
      `group ${name} has no key domain yet, as its member ${other.name} has none: import the key shares there first`,
    )
  }

  /** The only member of a group without domain has got one. */
  async #learnDomain({ id, completeDomains }: DeviceSession): Promise<void> {
    const member = id === undefined ? undefined : this.memberOf(id)
    const [domain] = completeDomains.keys()
    if (member === undefined || domain === undefined) return
    const { numUpdatedRows } = await this.#foundation.store.write(db =>
      db
        .updateTable('groups')
        .set({ key_domain: domain })
        .where('id', '=', member.group)
        .where('key_domain', 'is', null)
        .executeTakeFirst(),
    )
    if (numUpdatedRows === 0n) return
    const data = { keyDomain: domain }
    await this.#foundation.history.record({
      tenant: member.tenant,
      type: 'group.keyDomain',
      subject: member.group,
      data,
    })
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

  [Symbol.dispose](): void {
    for (const event of ['change', 'keys'] as const) this.#foundation.devices.events.off(event, this.#onReady)
  }
}

/** What was looked at before is still so. @throws HsmError NOT_FOUND, STALE */
async function mustStillTake(db: Transaction<Tables>, { id, name, key_domain }: GroupRow): Promise<void> {
  const now = await db.selectFrom('groups').select('key_domain').where('id', '=', id).executeTakeFirst()
  if (now === undefined) throw new HsmError('NOT_FOUND', `there is no group ${name} any more`)
  const other = await db.selectFrom('devices').select('id').where('group_id', '=', id).executeTakeFirst()
  if (now.key_domain === key_domain && (key_domain !== null || other === undefined)) return
  throw new HsmError('STALE', `group ${name} has got its first member meanwhile: look at it again`)
}

async function mustBeEmpty(db: Transaction<Tables>, group: GroupRow): Promise<void> {
  const obstacle = await obstacleToDeletion(db, group)
  if (obstacle !== undefined) throw new HsmError('WRONG_STATE', `group ${group.name} is not empty: ${obstacle}`)
}

/** What is in it, in words. */
async function obstacleToDeletion(db: Transaction<Tables>, { id }: GroupRow): Promise<string | undefined> {
  const devices = await db.selectFrom('devices').select(['name', 'path']).where('group_id', '=', id).execute()
  const keys = await db.selectFrom('keys').select('name').where('group_id', '=', id).execute()
  const [first] = [...devices.map(one => `device ${one.name ?? one.path}`), ...keys.map(key => `key ${key.name}`)]
  if (first === undefined) return undefined
  const rest = devices.length + keys.length - 1
  return `${first}${rest > 0 ? ` and ${rest} more` : ''}`
}

function stale({ name, revision }: GroupRow): HsmError {
  return new HsmError('STALE', `group ${name} has changed meanwhile: it is at revision ${revision}`)
}
