/** What a principal logs in with: the rows, and how one is made. The service keeps hashes of tokens only, so each can be shown once: when it is made. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import { addresses } from './addresses.ts'
import type { Role } from './caller.ts'
import { newToken, tokenHash } from './logins.ts'

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

/** Those that ended are shown for a month. */
const shownMs = 30 * 24 * 3_600_000
/** So that all of a principal's fit into one answer. */
const mostOfOne = 50

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

export function credentialOf({
  id,
  name,
  created_at,
  expires_at,
  last_used_at,
  ...row
}: Row<'credentials'>): Credential {
  return {
    ...{ id, kind: row.kind, name, createdAt: created_at, expiresAt: expires_at, lastUsedAt: last_used_at },
    ...(row.identity !== null && { identity: row.identity }),
    ...(row.authority_id !== null && { authority: row.authority_id }),
    ...(row.roles !== null && { roles: JSON.parse(row.roles) }),
    ...(row.tags !== null && { tags: JSON.parse(row.tags) }),
    ...(row.addresses !== null && { addresses: JSON.parse(row.addresses) }),
  }
}
