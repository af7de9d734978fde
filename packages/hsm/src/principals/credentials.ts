/** What principals log in with: tokens are made, rotated and revoked here, certificates listed and revoked. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Row, Tables } from '../store/tables.ts'
import { type Caller, tenantOf } from './caller.ts'
import {
  type Credential,
  type CredentialSettings,
  credentialOf,
  demandSettings,
  insertToken,
  type NewCredential,
} from './credential.ts'
import type { Logins } from './logins.ts'
import { findPrincipal, type Principals } from './principals.ts'

/** How one takes the place of another. */
export interface Rotation {
  readonly name: string
  readonly overlapMs: number
  readonly expiresAt?: number | undefined
}

export class Credentials {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #principals: Principals

  constructor(foundation: Foundation, logins: Logins, principals: Principals) {
    this.#foundation = foundation
    this.#logins = logins
    this.#principals = principals
  }

  /** @param principal its name or id, as everywhere here */
  async list(caller: Caller, principal: string): Promise<readonly Credential[]> {
    const { db } = this.#foundation.store
    const { id } = await findPrincipal(db, tenantOf(caller), principal)
    const rows = await db
      .selectFrom('credentials')
      .selectAll()
      .where('principal_id', '=', id)
      .orderBy('created_at')
      .orderBy('name')
      .execute()
    return rows.map(row => credentialOf({ ...row, last_used_at: this.#logins.lastUse(row.id) ?? row.last_used_at }))
  }

  create(caller: Caller, principal: string, name: string, settings: CredentialSettings = {}): Promise<NewCredential> {
    const tenant = tenantOf(caller)
    const now = this.#foundation.now()
    demandSettings(settings, now)
    return this.#foundation.history.write(async db => {
      const owner = await findPrincipal(db, tenant, principal)
      const value = await insertToken(db, { principal: owner.id, name, settings, now })
      const happened = { tenant, type: 'credential.created', subject: owner.id, actor: caller.principal }
      return { value, happened: [{ ...happened, data: { credential: value.id, name, ...settings } }] }
    })
  }

  /**
   * A new token for what an old one is good for; until the old one ends, both are.
   *
   * @param old its name or id
   * @param rotation the name of the new one, and for how long the old one goes on, in milliseconds
   * @param expiresAt of the new one; default: as long after now as the old one's end was after its making
   */
  async rotate(caller: Caller, principal: string, old: string, rotation: Rotation): Promise<NewCredential> {
    const { name, overlapMs, expiresAt } = rotation
    const tenant = tenantOf(caller)
    const now = this.#foundation.now()
    const made = await this.#foundation.history.write(async db => {
      const owner = await findPrincipal(db, tenant, principal)
      const row = await findCredential(db, owner, old)
      const { id, kind, roles, tags, addresses } = credentialOf(row)
      if (kind !== 'token')
        throw new HsmError('WRONG_STATE', `${row.name} is a ${kind}, which its authority makes anew`)
      const lasting = row.expires_at === null ? undefined : now + row.expires_at - row.created_at
      const settings = { roles, tags, addresses, expiresAt: expiresAt ?? lasting }
      demandSettings(settings, now)
      const value = await insertToken(db, { principal: owner.id, name, settings, now })
      const end = Math.min(row.expires_at ?? Number.POSITIVE_INFINITY, now + overlapMs)
      await db.updateTable('credentials').set({ expires_at: end }).where('id', '=', id).execute()
      const happened = { tenant, type: 'credential.rotated', subject: owner.id, actor: caller.principal }
      const data = { credential: value.id, name, ...settings, replaces: { credential: id, name: row.name, until: end } }
      return { value, happened: [{ ...happened, data }] }
    })
    this.#logins.forget(tenant)
    return made
  }

  /** @param name its name or id. It is refused from when this resolves. */
  async revoke(caller: Caller, principal: string, name: string): Promise<void> {
    const tenant = tenantOf(caller)
    await this.#foundation.history.write(async db => {
      const owner = await findPrincipal(db, tenant, principal)
      const row = await findCredential(db, owner, name)
      await db.deleteFrom('credentials').where('id', '=', row.id).execute()
      await this.#principals.demandAdministrator(db, tenant)
      const happened = { tenant, type: 'credential.revoked', subject: owner.id, actor: caller.principal }
      return { value: undefined, happened: [{ ...happened, data: { credential: row.id, name: row.name } }] }
    })
    this.#logins.forget(tenant)
  }
}

/** @throws HsmError `NOT_FOUND` */
async function findCredential(
  db: Transaction<Tables>,
  owner: Row<'principals'>,
  name: string,
): Promise<Row<'credentials'>> {
  const row = await db
    .selectFrom('credentials')
    .selectAll()
    .where('principal_id', '=', owner.id)
    .where(or => or.or([or('name', '=', name), or('id', '=', name)]))
    .executeTakeFirst()
  if (row === undefined) throw new HsmError('NOT_FOUND', `${owner.name} has no credential ${name}`)
  return row
}
