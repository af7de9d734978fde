/** Identity providers that a tenant trusts: whose tokens, for whom, and what those who show one may. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import { type Caller, type Role, tenantOf } from './caller.ts'
import type { Logins } from './logins.ts'
import { demandTenantRoles, tablesOfPrincipals } from './principals.ts'

/** What somebody may whose token says so. */
export interface IssuerRule {
  /** A claim by its name, or by a JSON Pointer; absent: of every token. */
  readonly claim?: string | undefined
  /** What the claim is, or what its list has. */
  readonly value?: string | undefined
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
}

export interface IssuerSettings {
  /** The `iss` of its tokens, below which its discovery document is. */
  readonly url: string
  /** A token is for one of these. */
  readonly audiences: readonly string[]
  /** JWS algorithms: of public keys only. */
  readonly algorithms: readonly string[]
  /** What tells one who logs in from another. */
  readonly nameClaim: string
  readonly rules: readonly IssuerRule[]
  /** Certificates of authorities to trust besides the system's, PEM. */
  readonly authorities: string | null
}

export interface Issuer extends IssuerSettings {
  readonly id: string
  readonly name: string
  readonly tenant: string
  /** In words, what was wrong with the last token that was refused; of this run of the service. */
  readonly trouble?: Trouble | undefined
  readonly createdAt: number
  readonly revision: number
}

export interface Trouble {
  readonly at: number
  readonly reason: string
}

/** What changes; the rest stays. */
export type IssuerChange = { readonly [N in keyof IssuerSettings]?: IssuerSettings[N] | undefined }

/** So that all of a tenant's fit into one answer. */
const mostOfOne = 50

export class Issuers {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #troubles = new Map<string, Trouble>()

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
  }

  async list(caller: Caller): Promise<readonly Issuer[]> {
    const { db } = this.#foundation.store
    const mine = db.selectFrom('issuers').selectAll().where('tenant_id', '=', tenantOf(caller))
    return (await mine.orderBy('name').execute()).map(row => this.#withTrouble(row))
  }

  /** @param name or id */
  async get(caller: Caller, name: string): Promise<Issuer> {
    return this.#withTrouble(await findIssuer(this.#foundation.store.db, tenantOf(caller), name))
  }

  /** For those who look at the issuer: who shows its token is not told what was wrong. */
  note({ id }: Pick<Issuer, 'id'>, reason: string): void {
    this.#troubles.set(id, { at: this.#foundation.now(), reason })
  }

  /** @throws HsmError `EXISTS` if the tenant has an issuer of this name or URL */
  async create(caller: Caller, name: string, settings: IssuerSettings): Promise<Issuer> {
    const tenant = tenantOf(caller)
    demandRules(settings.rules)
    const made = await this.#foundation.history.write(async db => {
      const others = await db
        .selectFrom('issuers')
        .select(['id', 'name', 'url'])
        .where('tenant_id', '=', tenant)
        .execute()
      if (others.some(other => other.name === name)) throw new HsmError('EXISTS', `there is an issuer ${name} already`)
      if (others.length >= mostOfOne) throw new HsmError('WRONG_STATE', `a tenant has at most ${mostOfOne} issuers`)
      const created = { id: newId('iss'), tenant_id: tenant, name, created_at: this.#foundation.now(), revision: 1 }
      const row = { ...created, ...columns(settings) }
      demandOtherUrl(others, row)
      await db.insertInto('issuers').values(row).execute()
      const happened = { tenant, type: 'issuer.created', subject: row.id, actor: caller.principal }
      return { value: issuerOf(row), happened: [{ ...happened, data: { name, ...settings } }] }
    })
    this.#logins.forget(tenant)
    return made
  }

  /** @param revision that the caller has seen, where it demands that there is no newer one */
  async change(caller: Caller, name: string, change: IssuerChange, revision?: number): Promise<Issuer> {
    const tenant = tenantOf(caller)
    demandRules(change.rules ?? [])
    const changed = await this.#foundation.history.write(async db => {
      const before = await findIssuer(db, tenant, name)
      demandRevision(before, revision)
      const after = {
        ...before,
        ...columns({ ...issuerOf(before), ...defined(change) }),
        revision: before.revision + 1,
      }
      const others = await db
        .selectFrom('issuers')
        .select(['id', 'name', 'url'])
        .where('tenant_id', '=', tenant)
        .execute()
      demandOtherUrl(others, after)
      // Somebody else's users of the same names are not the ones who are known here.
      if (after.url !== before.url || after.name_claim !== before.name_claim) await deleteUsers(db, before.id)
      await db.updateTable('issuers').set(after).where('id', '=', before.id).execute()
      const happened = { tenant, type: 'issuer.changed', subject: before.id, actor: caller.principal }
      return { value: issuerOf(after), happened: [{ ...happened, data: { name: before.name, ...defined(change) } }] }
    })
    this.#logins.forget(tenant)
    return changed
  }

  /** Nobody logs in by its tokens from when this resolves; who did is deleted with it, and what they did stays in the history. */
  async delete(caller: Caller, name: string, revision?: number): Promise<void> {
    const tenant = tenantOf(caller)
    const id = await this.#foundation.history.write(async db => {
      const row = await findIssuer(db, tenant, name)
      demandRevision(row, revision)
      await deleteUsers(db, row.id)
      await db.deleteFrom('issuers').where('id', '=', row.id).execute()
      const happened = { tenant, type: 'issuer.deleted', subject: row.id, actor: caller.principal }
      return { value: row.id, happened: [{ ...happened, data: { name: row.name } }] }
    })
    this.#troubles.delete(id)
    this.#logins.forget(tenant)
  }

  #withTrouble(row: Row<'issuers'>): Issuer {
    return { ...issuerOf(row), trouble: this.#troubles.get(row.id) }
  }
}

async function deleteUsers(db: Transaction<Tables>, issuer: string): Promise<void> {
  const users = db.selectFrom('issuer_principals').select('principal_id').where('issuer_id', '=', issuer)
  for (const table of tablesOfPrincipals) await db.deleteFrom(table).where('principal_id', 'in', users).execute()
  await db.deleteFrom('principals').where('id', 'in', users).execute()
}

/** @throws HsmError `NOT_FOUND` */
async function findIssuer(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  tenant: string,
  name: string,
): Promise<Row<'issuers'>> {
  const row = await db
    .selectFrom('issuers')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where(or => or.or([or('name', '=', name), or('id', '=', name)]))
    .executeTakeFirst()
  if (row === undefined) throw new HsmError('NOT_FOUND', `there is no issuer ${name}`)
  return row
}

function demandRules(rules: readonly IssuerRule[]): void {
  for (const { claim, value, roles } of rules) {
    demandTenantRoles(roles)
    if ((claim === undefined) === (value === undefined)) continue
    throw new HsmError('INVALID', 'a rule has a claim and its value, or neither and is for every token')
  }
}

function demandOtherUrl(
  others: readonly Pick<Row<'issuers'>, 'id' | 'name' | 'url'>[],
  { id, url }: Row<'issuers'>,
): void {
  const same = others.find(other => other.url === url && other.id !== id)
  if (same !== undefined) throw new HsmError('EXISTS', `the issuer ${same.name} has this URL already`)
}

function demandRevision({ name, revision }: Row<'issuers'>, wanted: number | undefined): void {
  if (wanted === undefined || wanted === revision) return
  throw new HsmError('STALE', `${name} is at revision ${revision} by now, wanted ${wanted}; look at it again`)
}

function defined(change: IssuerChange): Partial<IssuerSettings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

function columns({ url, audiences, algorithms, nameClaim, rules, authorities }: IssuerSettings) {
  return {
    url,
    audiences: JSON.stringify(audiences),
    algorithms: JSON.stringify(algorithms),
    name_claim: nameClaim,
    rules: JSON.stringify(rules),
    authorities,
  }
}

export function issuerOf(row: Row<'issuers'>): Issuer {
  const { id, name, tenant_id, url, audiences, algorithms, name_claim, rules, authorities, created_at, revision } = row
  return {
    id,
    name,
    tenant: tenant_id,
    url,
    audiences: JSON.parse(audiences),
    algorithms: JSON.parse(algorithms),
    nameClaim: name_claim,
    rules: JSON.parse(rules),
    authorities,
    createdAt: created_at,
    revision,
  }
}
