/** From what a request shows to who sent it. */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import type { Row } from '../store/tables.ts'
import { type Addresses, addresses } from './addresses.ts'
import type { Caller, Login, Role } from './caller.ts'
import { LastUses } from './last-uses.ts'

/** Enough for those that are busy at one time; then those go that were found out first. */
const mostRemembered = 20_000
const flushMs = 60_000

/** What has another form was not made here, and is not looked for. */
const tokenForm = /^kt_[A-Za-z0-9_-]{43}$/

interface Known {
  readonly caller: Omit<Caller, 'login'>
  /** Each has to admit the address that a request comes from: that of the tenant, and that of the credential. */
  readonly admitting: readonly Addresses[]
}

interface KnownCredential extends Known {
  readonly id: string
  readonly kind: 'token' | 'certificate'
  readonly name: string
  readonly expiresAt: number | null
}

/** A new token, which is 256 random bits and recognised by its prefix, also by those who look for lost ones. */
export function newToken(): string {
  return `kt_${randomBytes(32).toString('base64url')}`
}

/**
 * SHA-256, hexadecimal. Tokens and other secrets that are hashed so are random and long: nothing is gained by making it slow. What is looked
 * up is a hash, of which nobody can choose a beginning: time tells nothing about a token.
 */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Only this process changes the database, so what is remembered holds until it says `forget`. */
export class Logins implements AsyncDisposable {
  /** `forget`: principals of this tenant may do other things than before, or nothing; none: of any. */
  readonly events = new EventEmitter<{ forget: [tenant?: string] }>()
  readonly #foundation: Foundation
  readonly #credentials = new Map<string, KnownCredential>()
  /** None: nobody's. A certificate has many names, and most of them are. */
  readonly #identities = new Map<string, KnownCredential | null>()
  readonly #principals = new Map<string, Known>()
  readonly #configuring = new Map<string, Promise<string>>()
  readonly #configured = new Set<string>()
  readonly #used: LastUses
  readonly #timer: NodeJS.Timeout
  #generation = 0
  #forgottenAt = Number.NEGATIVE_INFINITY

  constructor(foundation: Foundation) {
    this.#foundation = foundation
    this.events.setMaxListeners(0)
    this.#used = new LastUses(foundation.store, 'credentials')
    this.#timer = setInterval(() => void this.#used.write().catch(() => undefined), flushMs).unref()
  }

  /**
   * Whose token it is; none: nobody's, or not any more, or not from there.
   *
   * @param address where the request comes from
   */
  async byToken(token: string, address: string): Promise<Caller | undefined> {
    if (!tokenForm.test(token)) return undefined
    const hash = tokenHash(token)
    const known =
      this.#credentials.get(hash) ?? (await this.#remember(this.#credentials, hash, () => this.#readCredential(hash)))
    return known && this.#entering(known, address)
  }

  /**
   * Whose an identity in a certificate is; none: nobody's, or not any more, or not from there.
   *
   * @param hash of the identity and of the authority that says so
   */
  async byIdentity(hash: string, address: string): Promise<Caller | undefined> {
    const read = async () => (await this.#readCredential(hash)) ?? null
    const known = this.#identities.get(hash) ?? (await this.#remember(this.#identities, hash, read))
    return known ? this.#entering(known, address) : undefined
  }

  /**
   * A principal that has shown who it is in a way of its own; none: it is not there any more, disabled, or not allowed from there.
   *
   * @param id of the principal
   */
  async byPrincipal(id: string, login: Login): Promise<Caller | undefined> {
    const known =
      this.#principals.get(id) ?? (await this.#remember(this.#principals, id, () => this.#readPrincipal(id)))
    return known && entering(known, login)
  }

  /** Who has this name in the configuration; none: disabled, or not allowed from there. */
  async byName(name: string, tenant: string | null, roles: readonly Role[], login: Login): Promise<Caller | undefined> {
    return this.byPrincipal(await this.configure(name, tenant, roles), login)
  }

  /**
   * Makes the principal that stands for an entry of the configuration, if it is not there yet.
   *
   * @param roles of a new one
   * @returns its id
   */
  configure(name: string, tenant: string | null, roles: readonly Role[]): Promise<string> {
    const key = JSON.stringify([tenant, name])
    const found = this.#configuring.get(key)
    if (found !== undefined) return found
    const made = this.#configure(name, tenant, roles).then(id => {
      this.#configured.add(id)
      return id
    })
    this.#configuring.set(key, made)
    made.catch(() => this.#configuring.delete(key))
    return made
  }

  /** The ids of those that log in by what is configured. */
  get configured(): ReadonlySet<string> {
    return this.#configured
  }

  /** When a credential was last used, if that is not written yet. */
  lastUse(credential: string): number | undefined {
    return this.#used.get(credential)
  }

  /** What was known about who may in a tenant, or in any, is not so any more. */
  forget(tenant?: string): void {
    this.#generation++
    this.#forgottenAt = performance.now()
    this.#credentials.clear()
    this.#identities.clear()
    this.#principals.clear()
    this.events.emit('forget', tenant)
  }

  /** When that was last said, as `performance.now` has it. */
  get forgottenAt(): number {
    return this.#forgottenAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#used.write()
  }

  #entering(known: KnownCredential, address: string): Caller | undefined {
    const { id, kind, name, expiresAt } = known
    const now = this.#foundation.now()
    if (expiresAt !== null && expiresAt <= now) return undefined
    const caller = entering(known, { credential: `${kind} ${name}`, address })
    if (caller !== undefined) this.#used.note(id, now)
    return caller
  }

  #configure(name: string, tenant: string | null, roles: readonly Role[]): Promise<string> {
    const { history, now } = this.#foundation
    return history.write(async db => {
      const found = await db
        .selectFrom('principals')
        .select('id')
        .where('tenant_id', tenant === null ? 'is' : '=', tenant)
        .where('name', '=', name)
        .executeTakeFirst()
      if (found !== undefined) return { value: found.id, happened: [] }
      const id = newId('prn')
      const row = { id, tenant_id: tenant, name, roles: JSON.stringify(roles), tags: '[]' }
      const times = { created_at: now(), disabled_at: null, revision: 1 }
      await db
        .insertInto('principals')
        .values({ ...row, ...times })
        .execute()
      return { value: id, happened: [{ tenant, type: 'principal.created', subject: id, data: { name, roles } }] }
    })
  }

  async #remember<T>(known: Map<string, T>, key: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const generation = this.#generation
    const found = await read()
    // What was read may be of before a change that was made meanwhile.
    if (found === undefined || generation !== this.#generation) return found
    if (known.size >= mostRemembered) known.delete(known.keys().next().value!)
    known.set(key, found)
    return found
  }

  async #readCredential(hash: string): Promise<KnownCredential | undefined> {
    const row = await this.#foundation.store.db
      .selectFrom('credentials')
      .selectAll()
      .where('token_hash', '=', hash)
      .executeTakeFirst()
    const owner = row && (await this.#readPrincipal(row.principal_id))
    if (owner === undefined) return undefined
    const { id, kind, name, expires_at, roles, tags, addresses: ranges } = row!
    const caller = {
      ...owner.caller,
      roles: narrowed(owner.caller.roles, roles),
      tags: narrowed(owner.caller.tags, tags),
    }
    const admitting = [...owner.admitting, ...admittedBy(ranges)]
    return { caller, admitting, id, kind, name, expiresAt: expires_at }
  }

  async #readPrincipal(id: string): Promise<Known | undefined> {
    const row = await this.#foundation.store.db
      .selectFrom('principals')
      .leftJoin('tenants', 'tenants.id', 'principals.tenant_id')
      .selectAll('principals')
      .select('tenants.addresses')
      .where('principals.id', '=', id)
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
    return row && { caller: callerOf(row), admitting: admittedBy(row.addresses) }
  }
}

function entering({ caller, admitting }: Known, login: Login): Caller | undefined {
  return admitting.every(admits => admits(login.address)) ? { ...caller, login } : undefined
}

/** @param json a list; none: any address */
function admittedBy(json: string | null): Addresses[] {
  return json === null ? [] : [addresses(JSON.parse(json))]
}

/** @param json a list; none: all that the principal has */
function narrowed<T extends string>(all: readonly T[], json: string | null): readonly T[] {
  if (json === null) return all
  const some: readonly string[] = JSON.parse(json)
  return all.filter(one => some.includes(one))
}

function callerOf({ id, name, tenant_id, roles, tags }: Row<'principals'>): Known['caller'] {
  return { principal: id, name, tenant: tenant_id, roles: JSON.parse(roles), tags: JSON.parse(tags) }
}
