/** People and programs of a tenant: what they may, and that somebody is left who can say so. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import { type Page, type PageRequest, pageOf } from '../store/page.ts'
import type { Row, Tables } from '../store/tables.ts'
import { type Caller, type Role, tenantOf } from './caller.ts'
import { demandRoom } from './limits.ts'
import type { Logins } from './logins.ts'

export interface Principal {
  readonly id: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
  readonly createdAt: number
  readonly disabledAt: number | null
  readonly revision: number
}

/** What may be said about one. */
export interface PrincipalSettings {
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
}

/** What changes; the rest stays. */
export interface PrincipalChange {
  readonly roles?: readonly Role[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly disabled?: boolean | undefined
}

/** What goes with a principal. */
export const tablesOfPrincipals = ['credentials', 'sessions', 'passwords', 'passkeys', 'invitations'] as const

export class Principals {
  readonly #foundation: Foundation
  readonly #logins: Logins

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
  }

  async list(caller: Caller, page: PageRequest): Promise<Page<Principal>> {
    const rows = await this.#foundation.store.db
      .selectFrom('principals')
      .selectAll()
      .where('tenant_id', '=', tenantOf(caller))
      .where('name', '>', page.cursor ?? '')
      .orderBy('name')
      .limit(page.limit + 1)
      .execute()
    return pageOf(rows, page, ({ name }) => name, principalOf)
  }

  /** @param name or id */
  async get(caller: Caller, name: string): Promise<Principal> {
    return principalOf(await findPrincipal(this.#foundation.store.db, tenantOf(caller), name))
  }

  /** The name of somebody in the caller's tenant; undefined if there is nobody of this id any more. */
  async nameOf({ tenant }: Caller, id: string): Promise<string | undefined> {
    const row = await this.#foundation.store.db
      .selectFrom('principals')
      .select('name')
      .where('id', '=', id)
      .where('tenant_id', tenant === null ? 'is' : '=', tenant)
      .executeTakeFirst()
    return row?.name
  }

  async create(caller: Caller, name: string, { roles, tags }: PrincipalSettings): Promise<Principal> {
    const tenant = tenantOf(caller)
    demandTenantRoles(roles)
    return this.#foundation.history.write(async db => {
      const value = await insertPrincipal(db, { tenant, name, roles, tags, now: this.#foundation.now() })
      const data = { name, roles, tags }
      return {
        value,
        happened: [{ tenant, type: 'principal.created', subject: value.id, actor: caller.principal, data }],
      }
    })
  }

  /**
   * @param revision that the caller has seen, where it demands that there is no newer one
   * @throws HsmError `WRONG_STATE` when no administrator would be left, `STALE`
   */
  async change(caller: Caller, name: string, change: PrincipalChange, revision?: number): Promise<Principal> {
    const tenant = tenantOf(caller)
    demandTenantRoles(change.roles ?? [])
    const changed = await this.#foundation.history.write(async db => {
      const before = await findPrincipal(db, tenant, name)
      demandRevision(before, revision)
      const after = { ...before, ...this.#columns(before, change), revision: before.revision + 1 }
      await db.updateTable('principals').set(after).where('id', '=', before.id).execute()
      // When it may log in again, nobody is in who was before.
      if (change.disabled) await db.deleteFrom('sessions').where('principal_id', '=', before.id).execute()
      await this.demandAdministrator(db, tenant)
      const happened = { tenant, type: 'principal.changed', subject: before.id, actor: caller.principal }
      return { value: principalOf(after), happened: [{ ...happened, data: { name: before.name, ...change } }] }
    })
    this.#logins.forget(tenant)
    return changed
  }

  /** What it did stays in the history. */
  async delete(caller: Caller, name: string, revision?: number): Promise<void> {
    const tenant = tenantOf(caller)
    await this.#foundation.history.write(async db => {
      const row = await findPrincipal(db, tenant, name)
      demandRevision(row, revision)
      for (const table of tablesOfPrincipals) await db.deleteFrom(table).where('principal_id', '=', row.id).execute()
      await db.deleteFrom('principals').where('id', '=', row.id).execute()
      await this.demandAdministrator(db, tenant)
      const happened = { tenant, type: 'principal.deleted', subject: row.id, actor: caller.principal }
      return { value: undefined, happened: [{ ...happened, data: { name: row.name } }] }
    })
    this.#logins.forget(tenant)
  }

  /**
   * After a change: somebody who can log in is still there to administrate the tenant.
   *
   * @throws HsmError `WRONG_STATE`
   */
  async demandAdministrator(db: Transaction<Tables>, tenant: string): Promise<void> {
    if (await this.hasAdministrator(db, tenant)) return
    throw new HsmError('WRONG_STATE', 'no administrator who can log in would be left; make another one first')
  }

  async hasAdministrator(db: Pick<Transaction<Tables>, 'selectFrom'>, tenant: string): Promise<boolean> {
    const rows = await db
      .selectFrom('principals')
      .select('id')
      .where('tenant_id', '=', tenant)
      .where('disabled_at', 'is', null)
      .where('roles', 'like', '%"administrator"%')
      .execute()
    const ids = rows.map(({ id }) => id)
    if (ids.length === 0) return false
    const now = this.#foundation.now()
    const able = [
      ...(await db
        .selectFrom('credentials')
        .select('principal_id')
        .where('principal_id', 'in', ids)
        .where(or => or.or([or('expires_at', 'is', null), or('expires_at', '>', now)]))
        .where(or => or.or([or('roles', 'is', null), or('roles', 'like', '%"administrator"%')]))
        .execute()),
      ...(await db.selectFrom('passwords').select('principal_id').where('principal_id', 'in', ids).execute()),
      ...(await db.selectFrom('passkeys').select('principal_id').where('principal_id', 'in', ids).execute()),
    ]
    const canLogIn = new Set([...able.map(one => one.principal_id), ...this.#logins.configured])
    return ids.some(id => canLogIn.has(id))
  }

  #columns(before: Row<'principals'>, { roles, tags, disabled }: PrincipalChange): Partial<Row<'principals'>> {
    return {
      ...(roles && { roles: JSON.stringify(roles) }),
      ...(tags && { tags: JSON.stringify(tags) }),
      ...(disabled !== undefined && { disabled_at: disabled ? (before.disabled_at ?? this.#foundation.now()) : null }),
    }
  }
}

interface NewPrincipal extends PrincipalSettings {
  readonly tenant: string
  readonly name: string
  readonly now: number
}

/** @throws HsmError `EXISTS`, `QUOTA_EXCEEDED` */
export async function insertPrincipal(
  db: Transaction<Tables>,
  { tenant, name, roles, tags, now }: NewPrincipal,
): Promise<Principal> {
  const same = await db
    .selectFrom('principals')
    .select('id')
    .where('tenant_id', '=', tenant)
    .where('name', '=', name)
    .executeTakeFirst()
  if (same !== undefined) throw new HsmError('EXISTS', `there is a principal ${name} already`)
  await demandRoom(db, tenant, 'principals')
  const row: Row<'principals'> = {
    id: newId('prn'),
    tenant_id: tenant,
    name,
    roles: JSON.stringify(roles),
    tags: JSON.stringify(tags),
    created_at: now,
    disabled_at: null,
    revision: 1,
  }
  await db.insertInto('principals').values(row).execute()
  return principalOf(row)
}

/** @throws HsmError `NOT_FOUND` */
export async function findPrincipal(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  tenant: string,
  name: string,
): Promise<Row<'principals'>> {
  const row = await db
    .selectFrom('principals')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where(or => or.or([or('name', '=', name), or('id', '=', name)]))
    .executeTakeFirst()
  if (row === undefined) throw new HsmError('NOT_FOUND', `there is no principal ${name}`)
  return row
}

function demandRevision({ name, revision }: Row<'principals'>, wanted: number | undefined): void {
  if (wanted === undefined || wanted === revision) return
  throw new HsmError('STALE', `${name} is at revision ${revision} by now, wanted ${wanted}; look at it again`)
}

/** @throws HsmError `INVALID` */
export function demandTenantRoles(roles: readonly Role[]): void {
  if (roles.includes('root')) throw new HsmError('INVALID', 'root is of the service itself and nobody of a tenant')
}

function principalOf(row: Row<'principals'>): Principal {
  const { id, name, roles, tags, created_at, disabled_at, revision } = row
  return {
    id,
    name,
    roles: JSON.parse(roles),
    tags: JSON.parse(tags),
    createdAt: created_at,
    disabledAt: disabled_at,
    revision,
  }
}
