/** Authorities of a tenant: whom their certificates name may log in, where a credential says so. */

import type { X509Certificate } from 'node:crypto'
import { decode, toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { type Caller, tenantOf } from '../principals/caller.ts'
import { type Credential, type CredentialSettings, demandSettings, insertCredential } from '../principals/credential.ts'
import type { Logins } from '../principals/logins.ts'
import { findPrincipal } from '../principals/principals.ts'
import { newId } from '../store/ids.ts'
import {
  type Authority,
  authorityCertificate,
  findAuthority,
  fingerprintOf,
  identityHash,
  isGood,
  type Loaded,
  loadedOf,
} from './authority.ts'
import type { ClientCertificate } from './client-certificate.ts'
import { derOf } from './pem.ts'
import { type RevocationList, revocationList } from './revocation-list.ts'
import { Certificate } from './x509.ts'

/** What a certificate credential is bound to. */
export interface Binding {
  readonly name: string
  readonly authority: string
  /** As `dns:web.example.com`: see `ClientCertificate.identities`. */
  readonly identity: string
  readonly settings: CredentialSettings
}

const mostOfOne = 50

export class Authorities {
  readonly #foundation: Foundation
  readonly #logins: Logins
  /** By id. */
  #all: ReadonlyMap<string, Loaded> = new Map()
  /** By their names, DER in hexadecimal: those of all tenants. */
  #bySubject: ReadonlyMap<string, readonly Loaded[]> = new Map()

  private constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
  }

  static async open(foundation: Foundation, logins: Logins): Promise<Authorities> {
    const authorities = new Authorities(foundation, logins)
    await authorities.reread()
    return authorities
  }

  async reread(): Promise<void> {
    const rows = await this.#foundation.store.db.selectFrom('authorities').selectAll().orderBy('name').execute()
    const loaded = rows.map(loadedOf)
    this.#all = new Map(loaded.map(one => [one.id, one]))
    this.#bySubject = Map.groupBy(loaded, ({ x509 }) => toHex(decode(Certificate, x509.raw).content.subject))
  }

  list(caller: Caller): readonly Authority[] {
    const tenant = tenantOf(caller)
    return [...this.#all.values()].filter(one => one.tenant === tenant)
  }

  /** @param name or id */
  get(caller: Caller, name: string): Authority {
    const found = this.list(caller).find(one => one.name === name || one.id === name)
    if (found === undefined) throw new HsmError('NOT_FOUND', `there is no authority ${name}`)
    return found
  }

  /**
   * @param certificate PEM
   * @param revocations PEM
   * @throws HsmError `EXISTS`, `INVALID`
   */
  async create(caller: Caller, name: string, certificate: string, revocations?: string): Promise<Authority> {
    const tenant = tenantOf(caller)
    const x509 = authorityCertificate(certificate)
    const list = revocations === undefined ? null : this.#listOf(revocations, x509)
    const now = this.#foundation.now()
    const id = newId('aut')
    await this.#foundation.history.write(async db => {
      const others = await db.selectFrom('authorities').select('name').where('tenant_id', '=', tenant).execute()
      if (others.some(other => other.name === name))
        throw new HsmError('EXISTS', `there is an authority ${name} already`)
      if (others.length >= mostOfOne) throw new HsmError('WRONG_STATE', `a tenant has at most ${mostOfOne} authorities`)
      const row = {
        id,
        tenant_id: tenant,
        name,
        certificate: x509.raw,
        revocations: list,
        created_at: now,
        revision: 1,
      }
      await db.insertInto('authorities').values(row).execute()
      const data = { name, fingerprint: fingerprintOf(x509) }
      return {
        value: undefined,
        happened: [{ tenant, type: 'authority.created', subject: id, actor: caller.principal, data }],
      }
    })
    await this.#reload(tenant)
    return this.get(caller, id)
  }

  /**
   * @param revocations PEM; none: what the authority has issued is good until it ends
   * @throws HsmError `INVALID` if it is older than the one that there is, `STALE`
   */
  async changeRevocations(
    caller: Caller,
    name: string,
    revocations: string | undefined,
    revision?: number,
  ): Promise<Authority> {
    const tenant = tenantOf(caller)
    const id = await this.#foundation.history.write(async db => {
      const row = await findAuthority(db, tenant, name)
      if (revision !== undefined && revision !== row.revision)
        throw new HsmError(
          'STALE',
          `${row.name} is at revision ${row.revision} by now, wanted ${revision}; look at it again`,
        )
      const { x509, revocations: before } = loadedOf(row)
      const list = revocations === undefined ? null : this.#listOf(revocations, x509, before)
      const change = { revocations: list, revision: row.revision + 1 }
      await db.updateTable('authorities').set(change).where('id', '=', row.id).execute()
      const happened = { tenant, type: 'authority.changed', subject: row.id, actor: caller.principal }
      return { value: row.id, happened: [{ ...happened, data: { name: row.name, revocations: list !== null } }] }
    })
    await this.#reload(tenant)
    return this.get(caller, id)
  }

  /** @throws HsmError `WRONG_STATE` while credentials hang on it */
  async delete(caller: Caller, name: string): Promise<void> {
    const tenant = tenantOf(caller)
    await this.#foundation.history.write(async db => {
      const row = await findAuthority(db, tenant, name)
      const one = await db
        .selectFrom('credentials')
        .innerJoin('principals', 'principals.id', 'credentials.principal_id')
        .select('principals.name')
        .where('authority_id', '=', row.id)
        .executeTakeFirst()
      if (one !== undefined)
        throw new HsmError(
          'WRONG_STATE',
          `${one.name} logs in with a certificate of ${row.name}; revoke that credential first`,
        )
      await db.deleteFrom('authorities').where('id', '=', row.id).execute()
      const happened = { tenant, type: 'authority.deleted', subject: row.id, actor: caller.principal }
      return { value: undefined, happened: [{ ...happened, data: { name: row.name } }] }
    })
    await this.#reload(tenant)
  }

  /**
   * From now on, whoever shows a certificate of this authority with this identity is the principal.
   *
   * @throws HsmError `EXISTS`: this identity is somebody's already
   */
  async bind(caller: Caller, principal: string, { name, authority, identity, settings }: Binding): Promise<Credential> {
    const tenant = tenantOf(caller)
    const now = this.#foundation.now()
    demandSettings(settings, now)
    const made = await this.#foundation.history.write(async db => {
      const owner = await findPrincipal(db, tenant, principal)
      const { id } = await findAuthority(db, tenant, authority)
      const shows = { kind: 'certificate', hash: identityHash(id, identity), identity, authority: id } as const
      const value = await insertCredential(db, { principal: owner.id, name, settings, shows, now })
      const happened = { tenant, type: 'credential.created', subject: owner.id, actor: caller.principal }
      return {
        value,
        happened: [{ ...happened, data: { credential: value.id, name, identity, authority: id, ...settings } }],
      }
    })
    this.#logins.forget(tenant)
    return made
  }

  /**
   * Who shows this certificate; none: nobody who may log in. Anybody may have the same authority in a tenant of his own: where it is
   * somebody in several, one of them has to be meant.
   *
   * @param meant the id of the tenant; none: the only one
   */
  async callerOf(certificate: ClientCertificate, address: string, meant?: string): Promise<Caller | undefined> {
    const now = this.#foundation.now()
    const issuers = (this.#bySubject.get(certificate.issuer) ?? []).filter(
      issuer =>
        (meant ?? issuer.tenant) === issuer.tenant &&
        issuer.notBefore <= now &&
        now <= issuer.notAfter &&
        certificate.isOf(issuer.x509, now) &&
        isGood(certificate, issuer, now),
    )
    const found = new Map<string, Caller>()
    for (const identity of certificate.identities) {
      for (const { id, tenant } of issuers) {
        if (found.has(tenant)) continue
        const caller = await this.#logins.byIdentity(identityHash(id, identity), address)
        if (caller !== undefined) found.set(tenant, caller)
      }
    }
    const [caller] = found.values()
    return found.size === 1 ? caller : undefined
  }

  #listOf(pem: string, x509: X509Certificate, before?: RevocationList): Uint8Array {
    const der = derOf(pem, 'X509 CRL')
    const { thisUpdate, nextUpdate } = revocationList(der, x509)
    if (nextUpdate !== undefined && nextUpdate <= this.#foundation.now())
      throw new HsmError('INVALID', `the next list was due on ${new Date(nextUpdate).toISOString()}; wanted that one`)
    if (before !== undefined && thisUpdate < before.thisUpdate)
      throw new HsmError('INVALID', 'the list is older than the one that there is')
    return der
  }

  async #reload(tenant: string): Promise<void> {
    await this.reread()
    this.#logins.forget(tenant)
  }
}
