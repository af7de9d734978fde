/** Programs that connect devices, known by keys of their own: each is a principal with the role `agent`, enrolled once with a secret. */
import type { Transaction } from 'kysely'
import type { Foundation } from '../foundation.ts'
import { type Caller, tenantOf } from '../principals/caller.ts'
import { hasRoom } from '../principals/limits.ts'
import type { Logins } from '../principals/logins.ts'
import { insertPrincipal } from '../principals/principals.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Tables } from '../store/tables.ts'
import { freeName, spend, usableEnrolment } from './admission.ts'

export interface Agent {
  /** Of its principal. */
  readonly id: string
  readonly name: string
  /** The id of the group that its devices join; none: each gets one of its own. */
  readonly group: string | null
  /** The URL that it dials. */
  readonly url: string
  readonly createdAt: number
  readonly disabledAt: number | null
  readonly lastSeenAt: number | null
}

/** What an agent has shown: that it has this key, and means this service. */
export interface ShownAgent {
  /** Of its key, as RFC 7638 has it. */
  readonly thumbprint: string
  readonly audience: string
  /** The secret of an enrolment that it brings besides. */
  readonly enrolment?: string | undefined
}

const againMs = 1_000

export class Agents implements Disposable {
  readonly #foundation: Foundation
  readonly #logins: Logins
  readonly #forget = () => {
    for (const device of this.#foundation.devices.all()) void this.check(device)
  }

  constructor(foundation: Foundation, logins: Logins) {
    this.#foundation = foundation
    this.#logins = logins
    logins.events.on('forget', this.#forget)
  }

  async list(caller: Caller): Promise<readonly Agent[]> {
    const rows = await this.#foundation.store.db
      .selectFrom('agents')
      .innerJoin('principals', 'principals.id', 'agents.principal_id')
      .select(['id', 'name', 'group_id', 'audience', 'created_at', 'disabled_at', 'last_seen_at'])
      .where('tenant_id', '=', tenantOf(caller))
      .orderBy('name')
      .execute()
    return rows.map(({ id, name, group_id, audience, created_at, disabled_at, last_seen_at }) => {
      const times = { createdAt: created_at, disabledAt: disabled_at, lastSeenAt: last_seen_at }
      return { id, name, group: group_id, url: audience, ...times }
    })
  }

  /**
   * Which agent that is; one that is not known, or at another URL, is enrolled if it brings a secret that is good for that.
   *
   * @param address where it dials in from
   * @returns undefined: none that may connect devices from there
   */
  async admit(shown: ShownAgent, address: string): Promise<Caller | undefined> {
    const { store, now } = this.#foundation
    const known = await this.#find(store.db, shown.thumbprint)
    const id = known?.audience === shown.audience ? known.principal_id : await this.#enrol(shown)
    const caller = id === undefined ? undefined : await this.#mayConnect(id, address)
    if (caller !== undefined) {
      await store.write(async db => {
        await db
          .updateTable('agents')
          .set({ last_seen_at: now() })
          .where('principal_id', '=', caller.principal)
          .execute()
      })
    }
    return caller
  }

  /** Ends the session of a device whose agent may not connect devices any more. */
  async check(device: DeviceSession): Promise<void> {
    const { agent, address = '' } = device.origin
    if (agent === undefined || device.state === 'offline') return
    const caller = await this.#mayConnect(agent, address).catch(() => 'unknown')
    // The database is away: nobody can be revoked, but somebody may have been just before.
    if (caller === 'unknown') setTimeout(() => void this.check(device), againMs).unref()
    if (caller === undefined) device.close('its agent may not connect devices any more')
  }

  [Symbol.dispose](): void {
    this.#logins.events.off('forget', this.#forget)
  }

  async #mayConnect(id: string, address: string): Promise<Caller | undefined> {
    const caller = await this.#logins.byPrincipal(id, { credential: 'agent key', address })
    return caller?.roles.includes('agent') ? caller : undefined
  }

  #find(db: Pick<Transaction<Tables>, 'selectFrom'>, thumbprint: string) {
    return db
      .selectFrom('agents')
      .innerJoin('principals', 'principals.id', 'agents.principal_id')
      .select(['principal_id', 'audience', 'tenant_id', 'name'])
      .where('thumbprint', '=', thumbprint)
      .executeTakeFirst()
  }

  /** @returns the id of its principal; undefined without a secret that is good for it */
  async #enrol({ thumbprint, audience, enrolment: secret }: ShownAgent): Promise<string | undefined> {
    if (secret === undefined) return undefined
    const { history, now, store } = this.#foundation
    // Who guesses makes nobody wait for the disk.
    if ((await usableEnrolment(store.db, secret, now())) === undefined) return undefined
    return history.write(async db => {
      const known = await this.#find(db, thumbprint)
      // Another of its cards was quicker.
      if (known?.audience === audience) return { value: known.principal_id, happened: [] }
      const enrolment = await usableEnrolment(db, secret, now())
      if (enrolment === undefined) return { value: undefined, happened: [] }
      const { tenant_id: tenant, group_id } = enrolment
      // The key is somebody else's, whose agent does not change hands by a secret of another.
      if (known !== undefined && known.tenant_id !== tenant) return { value: undefined, happened: [] }
      if (known === undefined && !(await hasRoom(db, tenant, 'principals'))) {
        const over = { tenant, type: 'agent.over-quota', subject: enrolment.id, data: { enrolment: enrolment.name } }
        return { value: undefined, happened: [over] }
      }
      await spend(db, enrolment)
      const data = { enrolment: enrolment.name, url: audience }
      if (known !== undefined) {
        const { principal_id: id } = known
        await db.updateTable('agents').set({ audience, group_id }).where('principal_id', '=', id).execute()
        return { value: id, happened: [{ tenant, type: 'agent.enrolled', subject: id, data }] }
      }
      const name = await freeName(db, 'principals', tenant, [enrolment.name, `agent-${enrolment.name}`])
      const rights = { roles: ['agent'], tags: [] } as const
      const { id } = await insertPrincipal(db, { tenant, name, ...rights, now: now() })
      const row = { principal_id: id, thumbprint, audience, group_id, last_seen_at: null }
      await db.insertInto('agents').values(row).execute()
      return {
        value: id,
        happened: [
          { tenant, type: 'principal.created', subject: id, data: { name, ...rights } },
          { tenant, type: 'agent.enrolled', subject: id, data },
        ],
      }
    })
  }
}
