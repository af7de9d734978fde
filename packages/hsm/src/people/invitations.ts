/** How a person gets a way to sign in: with a secret that is good once, and that an administrator makes. */
import { randomBytes } from 'node:crypto'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { type Caller, tenantOf } from '../principals/caller.ts'
import { type Logins, tokenHash } from '../principals/logins.ts'
import { findPrincipal } from '../principals/principals.ts'
import type { Row } from '../store/tables.ts'
import { added, insertPasskey, type NewPasskey } from './passkeys.ts'
import { hashPassword } from './password-hash.ts'
import { began, demandGoodPassword, putPassword } from './passwords.ts'
import { type Beginning, beginSession, type NewSession } from './sessions.ts'

export interface Invitation {
  readonly expiresAt: number
}

/** One that was just made. */
export interface NewInvitation extends Invitation {
  readonly secret: string
}

/** Whom a secret is for. */
export interface Invited {
  readonly principal: string
  readonly name: string
  readonly tenant: string
}

const usualMs = 7 * 24 * 60 * 60_000
const secretForm = /^kti_[A-Za-z0-9_-]{43}$/

export class Invitations {
  readonly #foundation: Foundation
  readonly #logins: Logins

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
  }

  /**
   * In the place of the one before, if there is one.
   *
   * @param principal its name or id
   * @param expiresAt default: in a week
   */
  async create(caller: Caller, principal: string, expiresAt?: number): Promise<NewInvitation> {
    const tenant = tenantOf(caller)
    const { history, now } = this.#foundation
    const end = expiresAt ?? now() + usualMs
    if (end <= now()) throw new HsmError('INVALID', 'wanted an end that is still to come')
    const secret = `kti_${randomBytes(32).toString('base64url')}`
    return history.write(async db => {
      const { id } = await findPrincipal(db, tenant, principal)
      const row = { principal_id: id, secret_hash: tokenHash(secret), created_at: now(), expires_at: end }
      await db
        .insertInto('invitations')
        .values(row)
        .onConflict(conflict => conflict.column('principal_id').doUpdateSet(row))
        .execute()
      const happened = { tenant, type: 'invitation.created', subject: id, actor: caller.principal }
      return { value: { secret, expiresAt: end }, happened: [{ ...happened, data: { expiresAt: end } }] }
    })
  }

  /** Whom a secret is for; none: for nobody, or not any more. */
  async find(secret: string): Promise<Invited | undefined> {
    const row = await this.#row(secret)
    return row && { principal: row.id, name: row.name, tenant: row.tenant_name }
  }

  /**
   * Gives the person a password or a passkey, and signs in with it. The secret is used up with that, and sessions from before end.
   *
   * @returns none: the secret is good for nothing, or not any more
   * @throws HsmError `INVALID`, `EXISTS`
   */
  async accept(
    secret: string,
    given: { readonly password: string } | { readonly passkey: NewPasskey },
    from: Omit<Beginning, 'way'>,
  ): Promise<NewSession | undefined> {
    const { history, now } = this.#foundation
    const invited = await this.#row(secret)
    if (invited === undefined) return undefined
    const login = { credential: 'invitation', address: from.address }
    if (!(await this.#logins.byPrincipal(invited.id, login))) return undefined
    if ('password' in given) demandGoodPassword(given.password, invited.name)
    const hash = 'password' in given ? await hashPassword(given.password) : undefined
    const begun = await history.write(async db => {
      const row = await db
        .deleteFrom('invitations')
        .where('secret_hash', '=', tokenHash(secret))
        .returningAll()
        .executeTakeFirst()
      if (row === undefined) return { value: undefined, happened: [] }
      const principal = await findPrincipal(db, invited.tenant_id!, row.principal_id)
      if (principal.disabled_at !== null) return { value: undefined, happened: [] }
      const [id, tenant] = [principal.id, principal.tenant_id]
      await db.deleteFrom('sessions').where('principal_id', '=', id).execute()
      if (hash !== undefined) await putPassword(db, id, hash, now())
      const passkey = 'passkey' in given ? await insertPasskey(db, id, given.passkey, now()) : undefined
      const value = await beginSession(db, principal, { ...from, way: passkey ? 'passkey' : 'password' }, now())
      const set = { tenant, type: 'password.set', subject: id, actor: id }
      return { value, happened: [passkey ? added({ principal: id, tenant }, passkey) : set, began(principal, value)] }
    })
    this.#logins.forget(invited.tenant_id ?? undefined)
    return begun
  }

  async #row(secret: string): Promise<(Row<'principals'> & { readonly tenant_name: string }) | undefined> {
    if (!secretForm.test(secret)) return undefined
    const { store, now } = this.#foundation
    return store.db
      .selectFrom('invitations')
      .innerJoin('principals', 'principals.id', 'invitations.principal_id')
      .innerJoin('tenants', 'tenants.id', 'principals.tenant_id')
      .selectAll('principals')
      .select('tenants.name as tenant_name')
      .where('secret_hash', '=', tokenHash(secret))
      .where('expires_at', '>', now())
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
  }
}
