/** How much a tenant may have, and how much it may ask for at a time. Where nothing is said there is no limit. */
import type { Kysely } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Tables } from '../store/tables.ts'

/** What a tenant has a number of. */
export const counted = ['devices', 'groups', 'keys', 'principals'] as const
export type Counted = (typeof counted)[number]

/** As operations of the interfaces are classed. */
type RateClass = 'read' | 'write' | 'use' | 'slow'

interface RateLimit {
  readonly perSecond?: number
  /** How many may be under way. */
  readonly atOnce?: number
}

export interface Limits extends Readonly<Partial<Record<Counted, number>>> {
  /** Of one request. */
  readonly bodyBytes?: number
  readonly rates?: Readonly<Partial<Record<RateClass, RateLimit>>>
}

type Changed<T> = { readonly [N in keyof T]?: T[N] | null | undefined }

/** What is given is changed; null takes a limit away. */
export interface LimitsChange extends Changed<Omit<Limits, 'rates'>> {
  readonly rates?: { readonly [C in RateClass]?: Changed<RateLimit> | null | undefined } | undefined
}

export async function limitsOf(db: Pick<Kysely<Tables>, 'selectFrom'>, tenant: string): Promise<Limits> {
  const row = await db.selectFrom('tenant_limits').select('limits').where('tenant_id', '=', tenant).executeTakeFirst()
  return row === undefined ? {} : (JSON.parse(row.limits) as Limits)
}

/** How many a tenant has now; of keys, those of which there is anything still. */
export async function countOf(db: Pick<Kysely<Tables>, 'selectFrom'>, tenant: string, what: Counted): Promise<number> {
  const { count } = await db
    .selectFrom(what)
    .select(eb => eb.fn.countAll().as('count'))
    .where('tenant_id', '=', tenant)
    .$if(what === 'devices', query => query.where('state' as never, '=', 'claimed' as never))
    .$if(what === 'keys', query =>
      query.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('key_versions')
            .select('key_versions.id')
            .whereRef('key_versions.key_id', '=', 'keys.id' as never)
            .where(or => or.or([or('state', '!=', 'destroyed'), or('destroy_at', 'is not', null)])),
        ),
      ),
    )
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** In the transaction that adds one: they come one after the other, so that none is added beyond the limit. */
export async function hasRoom(db: Pick<Kysely<Tables>, 'selectFrom'>, tenant: string, what: Counted): Promise<boolean> {
  const { [what]: most } = await limitsOf(db, tenant)
  return most === undefined || (await countOf(db, tenant, what)) < most
}

/** @throws HsmError QUOTA_EXCEEDED */
export async function demandRoom(db: Pick<Kysely<Tables>, 'selectFrom'>, tenant: string, what: Counted): Promise<void> {
  if (await hasRoom(db, tenant, what)) return
  const { [what]: most } = await limitsOf(db, tenant)
  const message = `the tenant may have ${most} ${what} and has them: let go of one, or ask whoever runs the service for more`
  throw new HsmError('QUOTA_EXCEEDED', message)
}

export function changed(before: Limits, { rates, ...change }: LimitsChange): Limits {
  const classes = Object.entries(rates ?? {}).map(([name, rate]) => {
    const former = before.rates?.[name as RateClass] ?? {}
    const merged = rate === null ? {} : withoutNulls({ ...former, ...rate })
    return [name, Object.keys(merged).length === 0 ? null : merged] as const
  })
  const merged = withoutNulls({ ...before.rates, ...Object.fromEntries(classes) })
  const { rates: _, ...numbers } = before
  return {
    ...(withoutNulls({ ...numbers, ...change }) as Limits),
    ...(Object.keys(merged).length > 0 && { rates: merged }),
  }
}

function withoutNulls(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined))
}
