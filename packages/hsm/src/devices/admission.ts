/** What becomes of a device that has proven its name: whose it is, if anybody's. */

import type { Transaction } from 'kysely'
import type { Happening } from '../history/history.ts'
import { demandRoom, hasRoom } from '../principals/limits.ts'
import { tokenHash } from '../principals/logins.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'

type Db = Transaction<Tables>

export interface Sighting {
  readonly path: string
  readonly at: number
  /** The secret that it came with. */
  readonly enrolment?: string | undefined
  /** The id of the agent that brings it. */
  readonly agent?: string | undefined
  /** The tenant whose it is as the configuration says. */
  readonly main: string | undefined
}

export interface Admitted {
  readonly row: Row<'devices'>
  readonly happened: readonly Happening[]
}

export async function sight(db: Db, sighting: Sighting): Promise<Admitted> {
  const { path, at } = sighting
  const known = await db.selectFrom('devices').selectAll().where('path', '=', path).executeTakeFirst()
  const row = known ?? (await firstSighting(db, path, at))
  const { claim, enrolment } = row.state === 'quarantined' ? await entitled(db, row, sighting) : noClaim
  const isOver = claim !== undefined && !(await hasRoomFor(db, claim))
  if (enrolment !== undefined && !isOver) await spend(db, enrolment)
  const claimed = claim && !isOver && (await claimDevice(db, row, claim))
  const seen = await updateDevice(db, row.id, { last_seen_at: at })
  return {
    row: seen,
    happened: [
      ...(known ? [] : [{ tenant: null, type: 'device.sighted', subject: row.id, data: { path } }]),
      ...(isOver ? [{ tenant: claim.tenant, type: 'device.over-quota', subject: row.id, data: { path } }] : []),
      ...(claimed ? claimed.happened : []),
    ],
  }
}

async function firstSighting(db: Db, path: string, at: number): Promise<Row<'devices'>> {
  return db
    .insertInto('devices')
    .values({
      id: newId('dev'),
      path,
      tenant_id: null,
      group_id: null,
      name: null,
      state: 'quarantined',
      priority: 0,
      standby: 0,
      pin: null,
      pin_refused: 0,
      facts: '{}',
      created_at: at,
      last_seen_at: at,
      revision: 1,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export interface Claim {
  readonly tenant: string
  readonly at: number
  /** How it was claimed, for the history. */
  readonly by: string
  readonly actor?: string
  readonly name?: string | undefined
  readonly group?: string | null | undefined
  readonly priority?: number | undefined
  readonly standby?: boolean | undefined
}

interface Entitlement {
  readonly claim?: Claim
  /** The one that it came with. */
  readonly enrolment?: Row<'enrolments'>
}

const noClaim: Entitlement = {}

/** A device belongs to whom its agent belongs to, or who has put an enrolment's secret into its agent's URL, or whom the configuration says. */
async function entitled(
  db: Db,
  { id }: Row<'devices'>,
  { agent, enrolment: secret, main, at }: Sighting,
): Promise<Entitlement> {
  const brought = agent === undefined ? undefined : await findAgent(db, agent)
  // An agent comes again and again: what its tenant has released is not claimed back.
  if (brought !== undefined && !(await wasReleased(db, id, brought.tenant_id!))) {
    return { claim: { tenant: brought.tenant_id!, at, by: `agent ${brought.name}`, group: brought.group_id } }
  }
  const enrolment = secret === undefined ? undefined : await usableEnrolment(db, secret, at)
  if (enrolment !== undefined) {
    const { tenant_id: tenant, name, group_id: group } = enrolment
    return { claim: { tenant, at, by: `enrolment ${name}`, group }, enrolment }
  }
  return main === undefined ? noClaim : { claim: { tenant: main, at, by: 'the configuration' } }
}

async function wasReleased(db: Db, device: string, tenant: string): Promise<boolean> {
  const released = await db
    .selectFrom('events')
    .select('id')
    .where('subject', '=', device)
    .where('type', '=', 'device.released')
    .where('tenant_id', '=', tenant)
    .executeTakeFirst()
  return released !== undefined
}

function findAgent(db: Db, id: string) {
  return db
    .selectFrom('agents')
    .innerJoin('principals', 'principals.id', 'agents.principal_id')
    .select(['tenant_id', 'name', 'group_id'])
    .where('principals.id', '=', id)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
}

/** Without a group, it gets one of its own. */
async function hasRoomFor(db: Db, { tenant, group }: Claim): Promise<boolean> {
  return (await hasRoom(db, tenant, 'devices')) && (group != null || (await hasRoom(db, tenant, 'groups')))
}

/** The enrolment whose secret this is; undefined if there is none, or none that is still good. */
export async function usableEnrolment(
  db: Pick<Db, 'selectFrom'>,
  secret: string,
  at: number,
): Promise<Row<'enrolments'> | undefined> {
  const found = await db
    .selectFrom('enrolments')
    .selectAll()
    .where('secret_hash', '=', tokenHash(secret))
    .executeTakeFirst()
  return found !== undefined && found.uses_left !== 0 && (found.expires_at ?? Infinity) > at ? found : undefined
}

export async function spend(db: Db, { id, uses_left }: Row<'enrolments'>): Promise<void> {
  if (uses_left === null) return
  await db
    .updateTable('enrolments')
    .set({ uses_left: uses_left - 1 })
    .where('id', '=', id)
    .execute()
}

/**
 * Gives a device to a tenant. Without a group, it gets one of its own, so that its keys can be used.
 *
 * @throws HsmError QUOTA_EXCEEDED
 */
export async function claimDevice(db: Db, row: Row<'devices'>, claim: Claim): Promise<Admitted> {
  const { tenant, at, by, actor } = claim
  await demandRoom(db, tenant, 'devices')
  const short = lastPart(row.path)
  const name = claim.name ?? (await freeName(db, 'devices', tenant, [short, row.path]))
  const group = claim.group ?? (await ownGroup(db, tenant, [name, row.path], at))
  const claimed = await updateDevice(db, row.id, {
    tenant_id: tenant,
    state: 'claimed',
    name,
    group_id: group,
    priority: claim.priority ?? 0,
    standby: claim.standby ? 1 : 0,
  })
  const happening = { tenant, type: 'device.claimed', subject: row.id, data: { path: row.path, name, group, by } }
  return { row: claimed, happened: [{ ...happening, ...(actor !== undefined && { actor }) }] }
}

async function ownGroup(db: Db, tenant: string, names: readonly string[], at: number): Promise<string> {
  await demandRoom(db, tenant, 'groups')
  const name = await freeName(db, 'groups', tenant, names)
  const id = newId('grp')
  const group = { id, tenant_id: tenant, name, key_domain: null, created_at: at, revision: 1 }
  await db.insertInto('groups').values(group).execute()
  return id
}

/** The first of the names that is free, or the last one with a number. */
export async function freeName(
  db: Db,
  table: 'devices' | 'groups' | 'principals',
  tenant: string,
  names: readonly string[],
): Promise<string> {
  const rows = await db.selectFrom(table).select('name').where('tenant_id', '=', tenant).execute()
  const taken = new Set(rows.map(({ name }) => name))
  const free = names.find(name => !taken.has(name))
  if (free !== undefined) return free
  for (let number = 2; ; number++) {
    const name = `${names.at(-1)}-${number}`
    if (!taken.has(name)) return name
  }
}

/** Changes a row, which has another revision afterwards. */
export async function updateDevice(
  db: Db,
  id: string,
  values: Partial<Omit<Row<'devices'>, 'id' | 'path' | 'revision'>>,
): Promise<Row<'devices'>> {
  const isSighting = Object.keys(values).every(name => name === 'last_seen_at' || name === 'facts')
  return db
    .updateTable('devices')
    .set(eb => ({ ...values, revision: eb('revision', '+', isSighting ? 0 : 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
