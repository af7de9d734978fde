/** Sessions of people: from signing in until signing out, or until one of two times is over. The service keeps hashes of their tokens. */
import { randomBytes } from 'node:crypto'
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { LastUses } from '../principals/last-uses.ts'
import { type Logins, tokenHash } from '../principals/logins.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'

/** Who does nothing for so long has left. */
const idleMs = 30 * 60_000
/** However busy somebody is. */
const longestMs = 12 * 60 * 60_000
/** What a person signs in with is changed so soon after signing in. */
const freshMs = 15 * 60_000
/** Of one person; who begins another ends the one that is longest unused. */
const mostOfOne = 20
const flushMs = 60_000

/** What has another form was not made here, and is not looked for. */
const tokenForm = /^kts_[A-Za-z0-9_-]{43}$/

export interface Session {
  readonly id: string
  readonly way: 'password' | 'passkey'
  /** Where it began, and what the program there calls itself. */
  readonly address: string
  readonly client: string
  readonly createdAt: number
  readonly lastUsedAt: number
  /** When it ends at the latest. */
  readonly expiresAt: number
}

/** One that has just begun. */
export interface NewSession extends Session {
  readonly token: string
  /** Whose it is. */
  readonly principal: string
  readonly name: string
}

/** How and where somebody signs in. */
export type Beginning = Pick<Session, 'way' | 'address' | 'client'>

export class Sessions implements AsyncDisposable {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #used: LastUses
  readonly #timer: NodeJS.Timeout

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
    this.#used = new LastUses(foundation.store, 'sessions')
    this.#timer = setInterval(() => void this.sweep().catch(() => undefined), flushMs).unref()
  }

  /**
   * Whose token it is; none: nobody's, or not any more, or not from there.
   *
   * @param address where the request comes from
   */
  async byToken(token: string, address: string): Promise<Caller | undefined> {
    if (!tokenForm.test(token)) return undefined
    const row = await this.#foundation.store.db
      .selectFrom('sessions')
      .selectAll()
      .where('token_hash', '=', tokenHash(token))
      .executeTakeFirst()
    const now = this.#foundation.now()
    if (row === undefined || isOver(this.#current(row), now)) return undefined
    const { id, principal_id } = row
    const caller = await this.#logins.byPrincipal(principal_id, { credential: `session ${id}`, address })
    if (caller === undefined) return undefined
    this.#used.note(id, now)
    return { ...caller, session: id }
  }

  /** Those that are open, the newest first. */
  async list(principal: string): Promise<readonly Session[]> {
    const { store, now } = this.#foundation
    const rows = await store.db
      .selectFrom('sessions')
      .selectAll()
      .where('principal_id', '=', principal)
      .orderBy('created_at', 'desc')
      .execute()
    return rows
      .map(row => this.#current(row))
      .filter(row => !isOver(row, now()))
      .map(sessionOf)
  }

  /** @throws HsmError `NOT_FOUND`. Its token is refused from when this resolves. */
  async end(caller: Caller, principal: string, id: string): Promise<void> {
    await this.#foundation.history.write(async db => {
      const { numDeletedRows } = await db
        .deleteFrom('sessions')
        .where('id', '=', id)
        .where('principal_id', '=', principal)
        .executeTakeFirst()
      if (numDeletedRows === 0n) throw new HsmError('NOT_FOUND', `there is no session ${id}`)
      const happened = { tenant: caller.tenant, type: 'session.ended', subject: principal, actor: caller.principal }
      return { value: undefined, happened: [{ ...happened, data: { session: id } }] }
    })
    this.#logins.forget(caller.tenant ?? undefined)
  }

  /**
   * Before what the caller signs in with is changed: whoever finds an open session cannot make himself a way back.
   *
   * @throws HsmError `FORBIDDEN`
   */
  async demandFresh({ session, name }: Caller): Promise<void> {
    const { store, now } = this.#foundation
    const row =
      session === undefined
        ? undefined
        : await store.db.selectFrom('sessions').select('created_at').where('id', '=', session).executeTakeFirst()
    if (row !== undefined && now() < row.created_at + freshMs) return
    const minutes = freshMs / 60_000
    throw new HsmError(
      'FORBIDDEN',
      `what ${name} signs in with is changed within ${minutes} minutes of signing in; sign in again`,
    )
  }

  /** Deletes those that are over. */
  async sweep(): Promise<void> {
    await this.#used.write()
    const { store, now } = this.#foundation
    const [expired, idle] = [now(), now() - idleMs]
    const old = await store.db
      .selectFrom('sessions')
      .select('id')
      .where(or => or.or([or('expires_at', '<=', expired), or('last_used_at', '<=', idle)]))
      .execute()
    if (old.length === 0) return
    await store.write(async db => {
      for (const { id } of old) await db.deleteFrom('sessions').where('id', '=', id).execute()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#used.write()
  }

  #current(row: Row<'sessions'>): Row<'sessions'> {
    return { ...row, last_used_at: this.#used.get(row.id) ?? row.last_used_at }
  }
}

/** The part of signing in that is written, with what else changes. */
export async function beginSession(
  db: Transaction<Tables>,
  principal: Pick<Row<'principals'>, 'id' | 'name'>,
  { way, address, client }: Beginning,
  now: number,
): Promise<NewSession> {
  const others = await db
    .selectFrom('sessions')
    .select('id')
    .where('principal_id', '=', principal.id)
    .orderBy('last_used_at', 'desc')
    .offset(mostOfOne - 1)
    .limit(mostOfOne)
    .execute()
  for (const { id } of others) await db.deleteFrom('sessions').where('id', '=', id).execute()
  const token = `kts_${randomBytes(32).toString('base64url')}`
  const row: Row<'sessions'> = {
    id: newId('ses'),
    principal_id: principal.id,
    token_hash: tokenHash(token),
    way,
    address,
    client: client.slice(0, 200),
    created_at: now,
    last_used_at: now,
    expires_at: now + longestMs,
  }
  await db.insertInto('sessions').values(row).execute()
  return { ...sessionOf(row), token, principal: principal.id, name: principal.name }
}

function isOver({ expires_at, last_used_at }: Row<'sessions'>, now: number): boolean {
  return expires_at <= now || last_used_at + idleMs <= now
}

function sessionOf({ id, way, address, client, created_at, last_used_at, expires_at }: Row<'sessions'>): Session {
  return { id, way, address, client, createdAt: created_at, lastUsedAt: last_used_at, expiresAt: expires_at }
}
