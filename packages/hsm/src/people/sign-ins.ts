/** What people sign in with, all together: to look at, and to take away. */
import type { Foundation } from '../foundation.ts'
import { type Caller, tenantOf } from '../principals/caller.ts'
import type { Logins } from '../principals/logins.ts'
import { findPrincipal, type Principals } from '../principals/principals.ts'
import type { Invitation } from './invitations.ts'
import type { Passkey, Passkeys } from './passkeys.ts'
import type { Session, Sessions } from './sessions.ts'

export interface SignInState {
  /** None: there is no password. */
  readonly passwordSince: number | null
  readonly passkeys: readonly Passkey[]
  readonly sessions: readonly Session[]
  readonly invitation: Invitation | undefined
}

export class SignIns {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #principals: Principals
  readonly #passkeys: Passkeys
  readonly #sessions: Sessions

  constructor(foundation: Foundation, logins: Logins, principals: Principals, passkeys: Passkeys, sessions: Sessions) {
    this.#foundation = foundation
    this.#logins = logins
    this.#principals = principals
    this.#passkeys = passkeys
    this.#sessions = sessions
  }

  /** @param principal its name or id */
  async describe(caller: Caller, principal: string): Promise<SignInState> {
    const { id } = await findPrincipal(this.#foundation.store.db, tenantOf(caller), principal)
    return this.#stateOf(id)
  }

  /** The caller's own. */
  own({ principal }: Pick<Caller, 'principal'>): Promise<SignInState> {
    return this.#stateOf(principal)
  }

  /**
   * Takes password, passkeys, sessions and invitation away: nobody signs in as it before there is another invitation. Tokens stay.
   *
   * @param principal its name or id
   * @throws HsmError `WRONG_STATE` when no administrator would be left
   */
  async reset(caller: Caller, principal: string): Promise<void> {
    const tenant = tenantOf(caller)
    await this.#foundation.history.write(async db => {
      const { id } = await findPrincipal(db, tenant, principal)
      for (const table of ['sessions', 'passwords', 'passkeys', 'invitations'] as const)
        await db.deleteFrom(table).where('principal_id', '=', id).execute()
      await this.#principals.demandAdministrator(db, tenant)
      const happened = { tenant, type: 'sign-in.reset', subject: id, actor: caller.principal }
      return { value: undefined, happened: [happened] }
    })
    this.#logins.forget(tenant)
  }

  async #stateOf(principal: string): Promise<SignInState> {
    const { store, now } = this.#foundation
    const password = await store.db
      .selectFrom('passwords')
      .select('changed_at')
      .where('principal_id', '=', principal)
      .executeTakeFirst()
    const invitation = await store.db
      .selectFrom('invitations')
      .select('expires_at')
      .where('principal_id', '=', principal)
      .where('expires_at', '>', now())
      .executeTakeFirst()
    return {
      passwordSince: password?.changed_at ?? null,
      passkeys: await this.#passkeys.list(principal),
      sessions: await this.#sessions.list(principal),
      invitation: invitation && { expiresAt: invitation.expires_at },
    }
  }
}
