/** Those who come with the token of an issuer: principals that are made when they first do. */
import type { Transaction } from 'kysely'
import type { Foundation } from '../foundation.ts'
import type { Tables } from '../store/tables.ts'
import type { Caller, Role } from './caller.ts'
import { type Issuer, issuerOf } from './issuers.ts'
import type { Logins } from './logins.ts'
import { insertPrincipal } from './principals.ts'

/** What the rules of an issuer make of a token. */
export interface Issued {
  /** What its name claim says. */
  readonly subject: string
  readonly roles: readonly Role[]
  readonly tags: readonly string[]
}

export interface KnownIssuer extends Issuer {
  readonly tenantName: string
}

/** Enough for those that are busy at one time. */
const mostRemembered = 10_000

/** Only this process changes the database, so what is remembered holds until `forget`. */
export class IssuedLogins implements Disposable {
  readonly #foundation: Foundation
  readonly #logins: Logins
  #issuers: Promise<Map<string, KnownIssuer[]>> | undefined
  /** By issuer and subject, their ids. */
  #principals = new Map<string, Promise<string>>()
  readonly #forget = () => {
    this.#issuers = undefined
    this.#principals = new Map()
  }

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
    logins.events.on('forget', this.#forget)
  }

  /** Whose tokens have this `iss`: at most one of each tenant. */
  async issuersAt(url: string): Promise<readonly KnownIssuer[]> {
    // All of them, since anybody may ask for any URL.
    this.#issuers ??= this.#readIssuers()
    const issuers = this.#issuers
    issuers.catch(() => this.#forget())
    return (await issuers).get(url) ?? []
  }

  /**
   * Who that is, with what his token says that he may, and what an administrator has given him besides; none: disabled, or not
   * allowed from there.
   *
   * @param address where the request comes from
   */
  async callerOf(issuer: Issuer, { subject, roles, tags }: Issued, address: string): Promise<Caller | undefined> {
    const id = await this.#principal(issuer, subject)
    const caller = await this.#logins.byPrincipal(id, { credential: `oidc ${issuer.name}`, address })
    return caller && { ...caller, roles: union(caller.roles, roles), tags: union(caller.tags, tags) }
  }

  [Symbol.dispose](): void {
    this.#logins.events.off('forget', this.#forget)
  }

  async #readIssuers(): Promise<Map<string, KnownIssuer[]>> {
    const rows = await this.#foundation.store.db
      .selectFrom('issuers')
      .innerJoin('tenants', 'tenants.id', 'issuers.tenant_id')
      .selectAll('issuers')
      .select('tenants.name as tenantName')
      .execute()
    return Map.groupBy(
      rows.map(row => ({ ...issuerOf(row), tenantName: row.tenantName })),
      ({ url }) => url,
    )
  }

  #principal(issuer: Issuer, subject: string): Promise<string> {
    const key = JSON.stringify([issuer.id, subject])
    const principals = this.#principals
    const known = principals.get(key)
    if (known !== undefined) return known
    if (principals.size >= mostRemembered) principals.clear()
    const found = this.#findOrMake(issuer, subject)
    principals.set(key, found)
    found.catch(() => principals.delete(key))
    return found
  }

  async #findOrMake({ id, name: issuer, tenant }: Issuer, subject: string): Promise<string> {
    const { history, store, now } = this.#foundation
    const known = (db: Pick<Transaction<Tables>, 'selectFrom'>) =>
      db
        .selectFrom('issuer_principals')
        .select('principal_id')
        .where('issuer_id', '=', id)
        .where('subject', '=', subject)
        .executeTakeFirst()
    const found = await known(store.db)
    if (found !== undefined) return found.principal_id
    return history.write(async db => {
      const meanwhile = await known(db)
      if (meanwhile !== undefined) return { value: meanwhile.principal_id, happened: [] }
      // Names that people give have no slash in them.
      const settings = { name: `${issuer}/${subject}`, roles: [], tags: [] }
      const made = await insertPrincipal(db, { tenant, ...settings, now: now() })
      await db.insertInto('issuer_principals').values({ issuer_id: id, subject, principal_id: made.id }).execute()
      return { value: made.id, happened: [{ tenant, type: 'principal.created', subject: made.id, data: settings }] }
    })
  }
}

function union<T>(some: readonly T[], others: readonly T[]): T[] {
  return [...new Set([...some, ...others])]
}
