/**
 * Tenants: each has its own devices, groups, keys and principals, and knows of no other. Root makes them, hands each to its first
 * administrator, and has no way in.
 */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import { type Page, type PageRequest, pageOf } from '../store/page.ts'
import type { Row, Tables } from '../store/tables.ts'
import { addresses } from './addresses.ts'
import { type Caller, tenantOf } from './caller.ts'
import { insertToken, type NewCredential } from './credential.ts'
import type { Logins } from './logins.ts'
import { insertPrincipal, type Principal, tablesOfPrincipals } from './principals.ts'

export interface Tenant {
  readonly id: string
  readonly name: string
  readonly createdAt: number
}

/** With what its first administrator logs in. */
export interface NewTenant extends Tenant {
  readonly administrator: Principal
  readonly credential: NewCredential
}

/** Whoever the configuration lets in is of this one. */
const mainTenant = 'main'

export class Tenants {
  /** The id of the tenant that there always is. */
  readonly main: string
  readonly #foundation: Foundation
  readonly #logins: Logins

  private constructor(foundation: Foundation, logins: Logins, main: string) {
    this.#foundation = foundation
    this.#logins = logins
    this.main = main
  }

  static async open(foundation: Foundation, logins: Logins): Promise<Tenants> {
    const { history, now } = foundation
    const main = await history.write(async db => {
      const found = await findTenant(db, mainTenant)
      const { id } = found ?? (await insertTenant(db, mainTenant, now()))
      const made = { tenant: null, type: 'tenant.created', subject: id, data: { name: mainTenant } }
      return { value: id, happened: found ? [] : [made] }
    })
    return new Tenants(foundation, logins, main)
  }

  async list(page: PageRequest): Promise<Page<Tenant>> {
    const rows = await this.#foundation.store.db
      .selectFrom('tenants')
      .selectAll()
      .where('name', '>', page.cursor ?? '')
      .orderBy('name')
      .limit(page.limit + 1)
      .execute()
    return pageOf(rows, page, ({ name }) => name, tenantOfRow)
  }

  async nameOf(id: string): Promise<string> {
    const { db } = this.#foundation.store
    return (await db.selectFrom('tenants').select('name').where('id', '=', id).executeTakeFirstOrThrow()).name
  }

  /** @param name or id */
  async idOf(name: string): Promise<string | undefined> {
    return (await findTenant(this.#foundation.store.db, name))?.id
  }

  /** Addresses and networks from which principals of the caller's tenant log in; none: any. */
  async addressesOf(caller: Caller): Promise<readonly string[] | undefined> {
    const { db } = this.#foundation.store
    const { addresses: ranges } = await db
      .selectFrom('tenants')
      .select('addresses')
      .where('id', '=', tenantOf(caller))
      .executeTakeFirstOrThrow()
    return ranges === null ? undefined : JSON.parse(ranges)
  }

  /**
   * From now on its principals log in from these alone. Devices connect from where they are.
   *
   * @throws HsmError `INVALID` if the caller could not log in any more
   */
  async restrict(caller: Caller, ranges: readonly string[] | undefined): Promise<void> {
    const tenant = tenantOf(caller)
    const { address } = caller.login
    if (ranges !== undefined && !addresses(ranges)(address))
      throw new HsmError('INVALID', `you would be shut out yourself: ${address}, from which you ask, is none of them`)
    await this.#foundation.history.write(async db => {
      const listed = ranges === undefined ? null : JSON.stringify(ranges)
      await db.updateTable('tenants').set({ addresses: listed }).where('id', '=', tenant).execute()
      const happened = { tenant, type: 'tenant.restricted', subject: tenant, actor: caller.principal }
      return { value: undefined, happened: [{ ...happened, data: { addresses: ranges } }] }
    })
    this.#logins.forget(tenant)
  }

  /**
   * @param administrator the name of the first one, who is all that root ever makes in a tenant
   * @throws HsmError `EXISTS`
   */
  create(caller: Caller, name: string, administrator: string): Promise<NewTenant> {
    const now = this.#foundation.now()
    return this.#foundation.history.write(async db => {
      if (await findTenant(db, name)) throw new HsmError('EXISTS', `there is a tenant ${name} already`)
      const tenant = await insertTenant(db, name, now)
      const roles = ['administrator'] as const
      const first = await insertPrincipal(db, { tenant: tenant.id, name: administrator, roles, tags: [], now })
      const credential = await insertToken(db, { principal: first.id, name: 'first', settings: {}, now })
      const actor = caller.principal
      return {
        value: { ...tenantOfRow(tenant), administrator: first, credential },
        happened: [
          { tenant: null, type: 'tenant.created', subject: tenant.id, actor, data: { name } },
          {
            tenant: tenant.id,
            type: 'principal.created',
            subject: first.id,
            actor,
            data: { name: administrator, roles },
          },
        ],
      }
    })
  }

  /**
   * @param name or id
   * @throws HsmError `WRONG_STATE` while there are devices, groups or keys in it
   */
  async delete(caller: Caller, name: string): Promise<void> {
    const tenant = await this.#foundation.history.write(async db => {
      const row = await findTenant(db, name)
      if (row === undefined) throw new HsmError('NOT_FOUND', `there is no tenant ${name}`)
      if (row.id === this.main) throw new HsmError('WRONG_STATE', `the tenant ${row.name} belongs to the service`)
      await demandEmpty(db, row)
      const mine = db.selectFrom('principals').select('id').where('tenant_id', '=', row.id)
      for (const table of tablesOfPrincipals) await db.deleteFrom(table).where('principal_id', 'in', mine).execute()
      for (const table of ['enrolments', 'ceremonies', 'principals', 'tenant_limits', 'authorities'] as const) {
        await db.deleteFrom(table).where('tenant_id', '=', row.id).execute()
      }
      await db.deleteFrom('tenants').where('id', '=', row.id).execute()
      const happened = { tenant: null, type: 'tenant.deleted', subject: row.id, actor: caller.principal }
      return { value: row.id, happened: [{ ...happened, data: { name: row.name } }] }
    })
    this.#logins.forget(tenant)
  }
}

async function findTenant(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  name: string,
): Promise<Row<'tenants'> | undefined> {
  return db
    .selectFrom('tenants')
    .selectAll()
    .where(or => or.or([or('name', '=', name), or('id', '=', name)]))
    .executeTakeFirst()
}

async function insertTenant(db: Transaction<Tables>, name: string, now: number): Promise<Row<'tenants'>> {
  const row = { id: newId('tnt'), name, created_at: now, addresses: null }
  await db.insertInto('tenants').values(row).execute()
  return row
}

async function demandEmpty(db: Transaction<Tables>, { id, name }: Row<'tenants'>): Promise<void> {
  for (const table of ['devices', 'keys', 'groups'] as const) {
    const one = await db.selectFrom(table).select('id').where('tenant_id', '=', id).executeTakeFirst()
    if (one === undefined) continue
    throw new HsmError('WRONG_STATE', `the tenant ${name} still has ${table}; its administrators take them away first`)
  }
}

function tenantOfRow({ id, name, created_at }: Row<'tenants'>): Tenant {
  return { id, name, createdAt: created_at }
}
