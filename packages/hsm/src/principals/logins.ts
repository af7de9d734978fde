/** From what a request shows to who sent it. */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Foundation } from '../foundation.ts'
import { newId } from '../store/ids.ts'
import type { Row } from '../store/tables.ts'
import type { Caller, Role } from './caller.ts'

/** Enough for those that are busy at one time. */
const mostRemembered = 10_000
const flushMs = 60_000

/** What has another form was not made here, and is not looked for. */
const tokenForm = /^kt_[A-Za-z0-9_-]{43}$/

interface Known {
  readonly caller: Caller
  /** None: it is configured. */
  readonly credential?: string
  readonly expiresAt: number | null
}

/** A new token, which is 256 random bits and recognised by its prefix, also by those who look for lost ones. */
export function newToken(): string {
  return `kt_${randomBytes(32).toString('base64url')}`
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Only this process changes the database, so what is remembered holds until it says `forget`. */
export class Logins implements AsyncDisposable {
  /** `forget`: principals of this tenant may do other things than before, or nothing; none: of any. */
  readonly events = new EventEmitter<{ forget: [tenant?: string] }>()
  readonly #foundation: Foundation
  readonly #known = new Map<string, Known>()
  readonly #configuring = new Map<string, Promise<string>>()
  readonly #configured = new Set<string>()
  readonly #used = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #generation = 0

  constructor(foundation: Foundation) {
    this.#foundation = foundation
    this.events.setMaxListeners(0)
    this.#timer = setInterval(() => void this.#flush().catch(() => undefined), flushMs).unref()
  }

  /** Whose token it is; none: nobody's, or not any more. */
  async byToken(token: string): Promise<Caller | undefined> {
    if (!tokenForm.test(token)) return undefined
    const hash = tokenHash(token)
    const known = this.#known.get(hash) ?? (await this.#remember(hash, () => this.#read(hash)))
    const now = this.#foundation.now()
    if (known === undefined || (known.expiresAt !== null && known.expiresAt <= now)) return undefined
    this.#used.set(known.credential!, now)
    return known.caller
  }

  /** Who has this name in the configuration; none: disabled. */
  async byName(name: string, tenant: string | null, roles: readonly Role[]): Promise<Caller | undefined> {
    const id = await this.configure(name, tenant, roles)
    const known = this.#known.get(id) ?? (await this.#remember(id, () => this.#readConfigured(id)))
    return known?.caller
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
    this.#known.clear()
    this.events.emit('forget', tenant)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#flush()
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

  async #remember(key: string, read: () => Promise<Known | undefined>): Promise<Known | undefined> {
    const generation = this.#generation
    const found = await read()
    // What was read may be of before a change that was made meanwhile.
    if (found === undefined || generation !== this.#generation) return found
    if (this.#known.size >= mostRemembered) this.#known.clear()
    this.#known.set(key, found)
    return found
  }

  async #read(hash: string): Promise<Known | undefined> {
    const row = await this.#foundation.store.db
      .selectFrom('credentials')
      .innerJoin('principals', 'principals.id', 'credentials.principal_id')
      .selectAll('principals')
      .select(['credentials.id as credential', 'credentials.expires_at'])
      .where('token_hash', '=', hash)
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
    return row && { caller: callerOf(row), credential: row.credential, expiresAt: row.expires_at }
  }

  async #readConfigured(id: string): Promise<Known | undefined> {
    const row = await this.#foundation.store.db
      .selectFrom('principals')
      .selectAll()
      .where('id', '=', id)
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
    return row && { caller: callerOf(row), expiresAt: null }
  }

  async #flush(): Promise<void> {
    const used = [...this.#used]
    this.#used.clear()
    if (used.length === 0) return
    await this.#foundation.store.write(async db => {
      for (const [id, at] of used) {
        await db.updateTable('credentials').set({ last_used_at: at }).where('id', '=', id).execute()
      }
    })
  }
}

function callerOf({ id, name, tenant_id, roles, tags }: Row<'principals'>): Caller {
  return { principal: id, name, tenant: tenant_id, roles: JSON.parse(roles), tags: JSON.parse(tags) }
}
