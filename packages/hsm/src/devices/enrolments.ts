/** Secrets that agents carry in their URLs: a device that comes with one is claimed at once. */
import { randomBytes } from 'node:crypto'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { tokenHash } from '../principals/logins.ts'
import { newId } from '../store/ids.ts'
import type { Row } from '../store/tables.ts'
import { groupNamed } from './registry.ts'

export interface NewEnrolment {
  readonly name: string
  /** The group that the devices join; default: each gets one of its own. */
  readonly group?: string | undefined
  /** How many devices; default any number. */
  readonly uses?: number | undefined
  /** Milliseconds UTC; default never. */
  readonly expiresAt?: number | undefined
}

type EnrolmentRow = Row<'enrolments'>

export class Enrolments {
  readonly #foundation: Foundation

  constructor(foundation: Foundation) {
    this.#foundation = foundation
  }

  /** @returns the enrolment, and its secret, of which only a hash is kept: it is never shown again */
  async create(caller: Caller, wanted: NewEnrolment): Promise<{ readonly row: EnrolmentRow; readonly secret: string }> {
    const { history, now } = this.#foundation
    if (wanted.expiresAt !== undefined && wanted.expiresAt <= now()) {
      throw new HsmError('INVALID', 'wanted a time of expiry in the future')
    }
    const secret = `kte_${randomBytes(24).toString('base64url')}`
    const row = await history.write(async db => {
      const group = wanted.group === undefined ? null : (await groupNamed(db, caller, wanted.group)).id
      const values = {
        id: newId('enr'),
        tenant_id: caller.tenant!,
        name: wanted.name,
        group_id: group,
        secret_hash: tokenHash(secret),
        uses_left: wanted.uses ?? null,
        expires_at: wanted.expiresAt ?? null,
        created_at: now(),
      }
      const value = await db
        .insertInto('enrolments')
        .values(values)
        .onConflict(conflict => conflict.columns(['tenant_id', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst()
      if (value === undefined) throw new HsmError('EXISTS', `there is another enrolment ${wanted.name}`)
      const { name, group: where, uses, expiresAt } = wanted
      const data = { name, group: where, uses, expiresAt }
      const happened = {
        tenant: caller.tenant,
        type: 'enrolment.created',
        subject: value.id,
        actor: caller.principal,
        data,
      }
      return { value, happened: [happened] }
    })
    return { row, secret }
  }

  list({ tenant }: Caller): Promise<EnrolmentRow[]> {
    return this.#foundation.store.db
      .selectFrom('enrolments')
      .selectAll()
      .where('tenant_id', '=', tenant ?? '')
      .orderBy('name')
      .execute()
  }

  /** Devices that were claimed with it stay claimed. @throws HsmError NOT_FOUND */
  async delete(caller: Caller, enrolment: string): Promise<void> {
    await this.#foundation.history.write(async db => {
      const row = await db
        .deleteFrom('enrolments')
        .where('tenant_id', '=', caller.tenant)
        .where(eb => eb.or([eb('id', '=', enrolment), eb('name', '=', enrolment)]))
        .returningAll()
        .executeTakeFirst()
      if (row === undefined) throw new HsmError('NOT_FOUND', `there is no enrolment ${enrolment}`)
      const { id, name } = row
      const happened = { type: 'enrolment.deleted', subject: id, actor: caller.principal, data: { name } }
      return { value: undefined, happened: [{ tenant: caller.tenant, ...happened }] }
    })
  }
}
