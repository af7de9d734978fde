/**
 * Passkeys of people: public keys of their authenticators. What an authenticator says is verified by who speaks WebAuthn; here is
 * whose it is.
 */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { Logins } from '../principals/logins.ts'
import type { Principals } from '../principals/principals.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import { began } from './passwords.ts'
import { type Beginning, beginSession, type NewSession, type Sessions } from './sessions.ts'

export interface Passkey {
  readonly id: string
  readonly name: string
  /** What its authenticator calls it, base64url. */
  readonly credentialId: string
  readonly transports: readonly string[]
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** As an authenticator made it. */
export interface NewPasskey {
  readonly name: string
  readonly credentialId: string
  /** COSE_Key. */
  readonly publicKey: Uint8Array
  readonly signCount: number
  readonly transports: readonly string[]
}

/** What a signature of it is verified with. */
export type PasskeyKey = Pick<NewPasskey, 'credentialId' | 'publicKey' | 'signCount'> & { readonly principal: string }

const mostOfOne = 20

export class Passkeys {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #principals: Principals
  readonly #sessions: Sessions

  constructor(foundation: Foundation, logins: Logins, principals: Principals, sessions: Sessions) {
    this.#foundation = foundation
    this.#logins = logins
    this.#principals = principals
    this.#sessions = sessions
  }

  /** The oldest first. */
  async list(principal: string): Promise<readonly Passkey[]> {
    const { db } = this.#foundation.store
    const rows = await db
      .selectFrom('passkeys')
      .selectAll()
      .where('principal_id', '=', principal)
      .orderBy('created_at')
      .execute()
    return rows.map(passkeyOf)
  }

  async find(credentialId: string): Promise<PasskeyKey | undefined> {
    const { db } = this.#foundation.store
    const row = await db.selectFrom('passkeys').selectAll().where('credential_id', '=', credentialId).executeTakeFirst()
    return row && { credentialId, publicKey: row.public_key, signCount: row.sign_count, principal: row.principal_id }
  }

  /**
   * After its signature was verified.
   *
   * @param signCount that came with it
   * @returns none: whose it was is disabled, not allowed from there, or has it no more
   */
  async signIn(
    { credentialId, principal: id }: PasskeyKey,
    signCount: number,
    from: Omit<Beginning, 'way'>,
  ): Promise<NewSession | undefined> {
    const { history, now } = this.#foundation
    if (!(await this.#logins.byPrincipal(id, { credential: 'passkey', address: from.address }))) return undefined
    return history.write(async db => {
      const principal = await db
        .selectFrom('passkeys')
        .innerJoin('principals', 'principals.id', 'passkeys.principal_id')
        .selectAll('principals')
        .where('credential_id', '=', credentialId)
        .where('disabled_at', 'is', null)
        .executeTakeFirst()
      if (principal === undefined) return { value: undefined, happened: [] }
      const used = { sign_count: signCount, last_used_at: now() }
      await db.updateTable('passkeys').set(used).where('credential_id', '=', credentialId).execute()
      const value = await beginSession(db, principal, { ...from, way: 'passkey' }, now())
      return { value, happened: [began(principal, value)] }
    })
  }

  /** @throws HsmError `FORBIDDEN`, `EXISTS`, `WRONG_STATE` */
  async add(caller: Caller, passkey: NewPasskey): Promise<Passkey> {
    await this.#sessions.demandFresh(caller)
    const { history, now } = this.#foundation
    return history.write(async db => {
      const value = await insertPasskey(db, caller.principal, passkey, now())
      return { value, happened: [added(caller, value)] }
    })
  }

  /**
   * @param name its name or id
   * @throws HsmError `FORBIDDEN`, `NOT_FOUND`, `WRONG_STATE`
   */
  async remove(caller: Caller, name: string): Promise<void> {
    const { principal, tenant } = caller
    const passkey = (await this.list(principal)).find(one => one.name === name || one.id === name)
    const none = new HsmError('NOT_FOUND', `${caller.name} has no passkey ${name}`)
    if (passkey === undefined) throw none
    await this.#sessions.demandFresh(caller)
    await this.#foundation.history.write(async db => {
      const { numDeletedRows } = await db.deleteFrom('passkeys').where('id', '=', passkey.id).executeTakeFirst()
      if (numDeletedRows === 0n) throw none
      if (tenant !== null) await this.#principals.demandAdministrator(db, tenant)
      // Whoever has found it may be in with it.
      await db.deleteFrom('sessions').where('principal_id', '=', principal).where('id', '!=', caller.session!).execute()
      const happened = { tenant, type: 'passkey.removed', subject: principal, actor: principal }
      return { value: undefined, happened: [{ ...happened, data: { passkey: passkey.id, name: passkey.name } }] }
    })
    this.#logins.forget(tenant ?? undefined)
  }
}

/** @throws HsmError `EXISTS`, `WRONG_STATE` */
export async function insertPasskey(
  db: Transaction<Tables>,
  principal: string,
  { name, credentialId, publicKey, signCount, transports }: NewPasskey,
  now: number,
): Promise<Passkey> {
  const others = await db.selectFrom('passkeys').select('name').where('principal_id', '=', principal).execute()
  if (others.some(other => other.name === name)) throw new HsmError('EXISTS', `there is a passkey ${name} already`)
  if (others.length >= mostOfOne) throw new HsmError('WRONG_STATE', `a person has at most ${mostOfOne} passkeys`)
  const same = await db.selectFrom('passkeys').select('id').where('credential_id', '=', credentialId).executeTakeFirst()
  if (same !== undefined) throw new HsmError('EXISTS', 'this authenticator is registered already')
  const row: Row<'passkeys'> = {
    id: newId('psk'),
    principal_id: principal,
    name,
    credential_id: credentialId,
    public_key: publicKey,
    sign_count: signCount,
    transports: JSON.stringify(transports),
    created_at: now,
    last_used_at: null,
  }
  await db.insertInto('passkeys').values(row).execute()
  return passkeyOf(row)
}

export function added({ principal, tenant }: Pick<Caller, 'principal' | 'tenant'>, { id, name }: Passkey) {
  return { tenant, type: 'passkey.added', subject: principal, actor: principal, data: { passkey: id, name } }
}

function passkeyOf({ id, name, credential_id, transports, created_at, last_used_at }: Row<'passkeys'>): Passkey {
  const of = { id, name, credentialId: credential_id, transports: JSON.parse(transports) }
  return { ...of, createdAt: created_at, lastUsedAt: last_used_at }
}
