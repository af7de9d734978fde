/** The limits of tenants, which root sets and everybody in a tenant can see. In memory, since every request is held against them. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Tables } from '../store/tables.ts'
import { type Caller, tenantOf } from './caller.ts'
import { type Counted, changed, counted, countOf, type Limits, type LimitsChange, limitsOf } from './limits.ts'

interface LimitedTenant {
  readonly id: string
  readonly name: string
  readonly limits: Limits
}

export interface TenantUsage extends LimitedTenant {
  readonly used: Readonly<Record<Counted, number>>
}

const none: Limits = {}

export class TenantLimits {
  readonly #foundation: Foundation
  /** Of those that have any, by their ids. */
  #known: ReadonlyMap<string, Limits> = new Map()

  private constructor(foundation: Foundation) {
    this.#foundation = foundation
  }

  static async open(foundation: Foundation): Promise<TenantLimits> {
    const limits = new TenantLimits(foundation)
    await limits.reread()
    return limits
  }

  /** @param tenant its id; null: the service itself, which has none */
  of(tenant: string | null): Limits {
    return (tenant === null ? undefined : this.#known.get(tenant)) ?? none
  }

  /**
   * What a tenant has beyond a new limit, it keeps.
   *
   * @param nameOrId of the tenant
   * @throws HsmError NOT_FOUND
   */
  async change(caller: Caller, nameOrId: string, change: LimitsChange): Promise<LimitedTenant> {
    const limited = await this.#foundation.history.write(async db => {
      const tenant = await findTenant(db, nameOrId)
      const limits = changed(await limitsOf(db, tenant.id), change)
      const row = { tenant_id: tenant.id, limits: JSON.stringify(limits) }
      await db
        .insertInto('tenant_limits')
        .values(row)
        .onConflict(conflict => conflict.column('tenant_id').doUpdateSet(row))
        .execute()
      const of = { type: 'tenant.limited', subject: tenant.id, actor: caller.principal, data: { limits } }
      // For root, and for those whom it concerns.
      return { value: { ...tenant, limits }, happened: [null, tenant.id].map(one => ({ tenant: one, ...of })) }
    })
    this.#known = new Map([...this.#known, [limited.id, limited.limits]])
    return limited
  }

  /** Of the caller's tenant. @throws HsmError FORBIDDEN of root */
  async usage(caller: Caller): Promise<TenantUsage> {
    const { db } = this.#foundation.store
    const id = tenantOf(caller)
    const { name } = await db.selectFrom('tenants').select('name').where('id', '=', id).executeTakeFirstOrThrow()
    const used: Partial<Record<Counted, number>> = {}
    for (const what of counted) used[what] = await countOf(db, id, what)
    return { id, name, limits: this.of(id), used: used as Record<Counted, number> }
  }

  async reread(): Promise<void> {
    const rows = await this.#foundation.store.db.selectFrom('tenant_limits').selectAll().execute()
    this.#known = new Map(rows.map(({ tenant_id, limits }) => [tenant_id, JSON.parse(limits) as Limits]))
  }
}

async function findTenant(db: Transaction<Tables>, nameOrId: string): Promise<Omit<LimitedTenant, 'limits'>> {
  const found = await db
    .selectFrom('tenants')
    .select(['id', 'name'])
    .where(or => or.or([or('name', '=', nameOrId), or('id', '=', nameOrId)]))
    .executeTakeFirst()
  if (found === undefined) throw new HsmError('NOT_FOUND', `there is no tenant ${nameOrId}`)
  return found
}
