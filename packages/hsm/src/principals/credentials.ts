/** Bearer tokens of principals. The service keeps their hashes only, so each can be shown once: when it is made. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import { addresses } from './addresses.ts'
import { type Caller, type Role, tenantOf } from './caller.ts'
import { type Logins, newToken, tokenHash } from './logins.ts'
import { findPrincipal, type Principals } from './principals.ts'

/** What of its principal's a credential is good for. */
interface Narrowing {
  /** Those that the principal has of these; none: all that it has. */
  readonly roles?: readonly Role[] | undefined
  /** The same with its tags. */
  readonly tags?: readonly string[] | undefined
  /** Addresses and networks from which it is taken; none: any from which the tenant's principals log in. */
  readonly addresses?: readonly string[] | undefined
}

export interface CredentialSettings extends Narrowing {
  /** None: it is good until it is revoked. */
  readonly expiresAt?: number | undefined
}

export interface Credential extends Narrowing {
  readonly id: string
  readonly kind: 'token' | 'certificate'
  /** Of a certificate: whom it names, and the id of the authority that says so. */
  readonly identity?: string | undefined
  readonly authority?: string | undefined
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number | null
  /** A use of the last minute may be forgotten if the service is killed. */
  readonly lastUsedAt: number | null
}

/** One that was just made. */
export interface NewCredential extends Credential {
  readonly token: string
}

/** How one takes the place of another. */
export interface Rotation {
  readonly name: string
  readonly overlapMs: number
  readonly expiresAt?: number | undefined
}

/** Those that ended are shown for a month. */
const shownMs = 30 * 24 * 3_600_000
/** So that all of a principal's fit into one answer. */
const mostOfOne = 50

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

/** @throws HsmError `INVALID` */
export function demandSettings({ expiresAt, addresses: ranges }: CredentialSettings, now: number): void {
  if (expiresAt !== undefined && expiresAt <= now) throw new HsmError('INVALID', 'wanted an end that is still to come')
  addresses(ranges ?? [])
}

interface CredentialOf {
  readonly principal: string
  readonly name: string
  readonly settings: CredentialSettings
  readonly now: number
}

interface Shown {
  readonly kind: Credential['kind']
  /** By which it is found. */
  readonly hash: string
  readonly identity?: string
  readonly authority?: string
}

/** @throws HsmError `EXISTS`, `WRONG_STATE` */
export async function insertToken(db: Transaction<Tables>, credential: CredentialOf): Promise<NewCredential> {
  const token = newToken()
  const made = await insertCredential(db, { ...credential, shows: { kind: 'token', hash: tokenHash(token) } })
  return { ...made, token }
}

/** @throws HsmError `EXISTS`, `WRONG_STATE` */
export async function insertCredential(
  db: Transaction<Tables>,
  { principal, name, settings, shows, now }: CredentialOf & { readonly shows: Shown },
): Promise<Credential> {
  await db
    .deleteFrom('credentials')
    .where('principal_id', '=', principal)
    .where('expires_at', '<', now - shownMs)
    .execute()
  const others = await db.selectFrom('credentials').select('name').where('principal_id', '=', principal).execute()
  if (others.some(other => other.name === name)) throw new HsmError('EXISTS', `there is a credential ${name} already`)
  if (others.length >= mostOfOne) {
    throw new HsmError(
      'WRONG_STATE',
      `a principal has at most ${mostOfOne} credentials; revoke what is not used any more`,
    )
  }
  const same = await db.selectFrom('credentials').select('id').where('token_hash', '=', shows.hash).executeTakeFirst()
  if (same !== undefined) throw new HsmError('EXISTS', `${shows.identity} of this authority is somebody's already`)
  const row: Row<'credentials'> = {
    id: newId('crd'),
    principal_id: principal,
    name,
    kind: shows.kind,
    token_hash: shows.hash,
    identity: shows.identity ?? null,
    authority_id: shows.authority ?? null,
    created_at: now,
    expires_at: settings.expiresAt ?? null,
    last_used_at: null,
    roles: listed(settings.roles),
    tags: listed(settings.tags),
    addresses: listed(settings.addresses),
  }
  await db.insertInto('credentials').values(row).execute()
  return credentialOf(row)
}

function listed(list: readonly string[] | undefined): string | null {
  return list === undefined ? null : JSON.stringify(list)
}

function credentialOf({ id, name, created_at, expires_at, last_used_at, ...row }: Row<'credentials'>): Credential {
  return {
    ...{ id, kind: row.kind, name, createdAt: created_at, expiresAt: expires_at, lastUsedAt: last_used_at },
    ...(row.identity !== null && { identity: row.identity }),
    ...(row.authority_id !== null && { authority: row.authority_id }),
    ...(row.roles !== null && { roles: JSON.parse(row.roles) }),
    ...(row.tags !== null && { tags: JSON.parse(row.tags) }),
    ...(row.addresses !== null && { addresses: JSON.parse(row.addresses) }),
  }
}
