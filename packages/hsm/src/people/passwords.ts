/** People who sign in with a password. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { Logins } from '../principals/logins.ts'
import type { Row, Tables } from '../store/tables.ts'
import { hashPassword, isPassword } from './password-hash.ts'
import { type Beginning, beginSession, type NewSession, type Sessions } from './sessions.ts'

/** @see NIST SP 800-63B, 3.1.1.2: length counts, and rules about kinds of characters do not */
const shortest = 12

/** Who signs in, and how he shows that. */
export interface PasswordSignIn {
  /** Its name. */
  readonly tenant: string
  readonly name: string
  readonly password: string
}

export class Passwords {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #sessions: Sessions

  constructor(foundation: Foundation, logins: Logins, sessions: Sessions) {
    this.#foundation = foundation
    this.#logins = logins
    this.#sessions = sessions
  }

  /**
   * None: the tenant, the name or the password is another one, or who has them is disabled or not allowed from there. All of that takes
   * the same time.
   *
   * @throws HsmError `BUSY`
   */
  async signIn(
    { tenant, name, password }: PasswordSignIn,
    from: Omit<Beginning, 'way'>,
  ): Promise<NewSession | undefined> {
    const { store, history, now } = this.#foundation
    const row = await store.db
      .selectFrom('principals')
      .innerJoin('tenants', 'tenants.id', 'principals.tenant_id')
      .leftJoin('passwords', 'passwords.principal_id', 'principals.id')
      .select(['principals.id', 'principals.tenant_id', 'passwords.hash'])
      .where('tenants.name', '=', tenant)
      .where('principals.name', '=', name)
      .executeTakeFirst()
    const login = { credential: 'password', address: from.address }
    const admitted = row && (await this.#logins.byPrincipal(row.id, login))
    const hash = admitted && (row?.hash ?? undefined)
    const right = await isPassword(password, hash)
    if (row === undefined) return undefined
    const happened = { tenant: row.tenant_id, subject: row.id }
    if (!right) {
      // Nobody waits for it: how long the answer takes says nothing of who there is.
      history
        .record({ ...happened, type: 'session.refused', data: { way: 'password', address: from.address } })
        .catch(() => {})
      return undefined
    }
    return history.write(async db => {
      const still = await stillThere(db, row.id, hash!)
      if (still === undefined) return { value: undefined, happened: [] }
      const value = await beginSession(db, still, { ...from, way: 'password' }, now())
      return { value, happened: [began(still, value)] }
    })
  }

  /**
   * Sets or changes the caller's own. Other sessions end.
   *
   * @param current none: there is no password yet
   * @returns whether the current one was right
   * @throws HsmError `FORBIDDEN`, `INVALID`
   */
  async set(caller: Caller, current: string | undefined, next: string): Promise<boolean> {
    const { store, history, now } = this.#foundation
    await this.#sessions.demandFresh(caller)
    demandGoodPassword(next, caller.name)
    const id = caller.principal
    const row = await store.db.selectFrom('passwords').select('hash').where('principal_id', '=', id).executeTakeFirst()
    if (row !== undefined && !(await isPassword(current ?? '', row.hash))) return false
    const hash = await hashPassword(next)
    await history.write(async db => {
      const principal = await stillThere(db, id, row?.hash)
      if (principal === undefined)
        throw new HsmError('WRONG_STATE', 'the password was changed meanwhile; sign in again')
      await putPassword(db, id, hash, now())
      await db.deleteFrom('sessions').where('principal_id', '=', id).where('id', '!=', caller.session!).execute()
      const happened = { tenant: caller.tenant, type: 'password.set', subject: id, actor: id }
      return { value: undefined, happened: [happened] }
    })
    this.#logins.forget(caller.tenant ?? undefined)
    return true
  }
}

/** @throws HsmError `INVALID` */
export function demandGoodPassword(password: string, name: string): void {
  const length = [...password].length
  if (length < shortest)
    throw new HsmError('INVALID', `wanted a password of at least ${shortest} characters, got ${length}`)
  const fewer = new Set(password.toLowerCase().replaceAll(name.toLowerCase(), ''))
  if (fewer.size < 4)
    throw new HsmError('INVALID', 'wanted a password of more different characters, and more than the name')
}

export async function putPassword(
  db: Transaction<Tables>,
  principal: string,
  hash: string,
  now: number,
): Promise<void> {
  const row = { principal_id: principal, hash, changed_at: now }
  await db
    .insertInto('passwords')
    .values(row)
    .onConflict(conflict => conflict.column('principal_id').doUpdateSet(row))
    .execute()
}

/** Somebody who is not disabled and has this password, or none: that took time, in which it may have changed. */
async function stillThere(
  db: Transaction<Tables>,
  principal: string,
  hash: string | undefined,
): Promise<Row<'principals'> | undefined> {
  const row = await db
    .selectFrom('principals')
    .leftJoin('passwords', 'passwords.principal_id', 'principals.id')
    .selectAll('principals')
    .select('passwords.hash')
    .where('principals.id', '=', principal)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined && (row.hash ?? undefined) === hash ? row : undefined
}

export function began({ id, tenant_id }: Row<'principals'>, { id: session, way, address }: NewSession) {
  return { tenant: tenant_id, type: 'session.began', subject: id, actor: id, data: { session, way, address } }
}
