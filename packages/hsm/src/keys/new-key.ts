/** What a key is to be, before there is one: checked, and completed with what was left to the service. */
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { demandRoom } from '../principals/limits.ts'
import { newId } from '../store/ids.ts'
import type { Row, Tables } from '../store/tables.ts'
import type { KeyRow } from './catalogue.ts'
import { algorithmList, checkType, isExportable, type KeyType, parameterOf } from './key-type.ts'

export interface KeyRequest {
  readonly name: string
  /** Name or id. */
  readonly group: string
  readonly type: KeyType
  /** By their names, as `ecdsa-sha256`; default everything that the kind can do. */
  readonly algorithms?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  /** How many members are to hold it before it is there; default 2, or 1 where there are no two, it is not exportable, or uses are counted. */
  readonly durability?: number | undefined
  /** It can leave a card, encrypted under the key domain, and so be on several; default true. */
  readonly exportable?: boolean | undefined
  /** How often it may be used, counted by the card. */
  readonly useCounter?: number | undefined
  /** Default true; else it is `pre-active`. */
  readonly activate?: boolean | undefined
  /** Milliseconds after which the service makes the next version by itself. */
  readonly rotateAfter?: number | undefined
}

const mostTags = 16

/** @throws HsmError INVALID, NOT_FOUND: the group */
export async function keyRow(
  { store, now }: Pick<Foundation, 'store' | 'now'>,
  { tenant }: Caller,
  request: Omit<KeyRequest, 'activate'>,
): Promise<KeyRow> {
  const { name, type, exportable = true, useCounter, rotateAfter } = request
  checkType(type)
  const algorithms = algorithmList(type.kind, request.algorithms, exportable)
  const tags = checkedTags(request.tags ?? [])
  const group = await groupOf(store, tenant, request.group)
  const members = await store.db
    .selectFrom('devices')
    .select('id')
    .where('group_id', '=', group.id)
    .where('state', '=', 'claimed')
    .execute()
  const copied = isExportable(algorithms) && useCounter === undefined && group.key_domain !== null
  const most = copied ? members.length : Math.min(1, members.length)
  const durability = request.durability ?? Math.max(1, Math.min(2, most))
  if (durability > most) {
    throw new HsmError(
      'INVALID',
      `wanted ${durability} members to hold it, ${shortage(group, members.length, { exportable, useCounter })}`,
    )
  }
  return {
    ...{
      id: newId('key'),
      tenant_id: tenant!,
      group_id: group.id,
      name,
      kind: type.kind,
      parameter: parameterOf(type),
    },
    ...{ algorithms: JSON.stringify(algorithms), tags: JSON.stringify(tags), durability },
    ...{ use_counter: useCounter ?? null, rotate_after: rotateAfter ?? null },
    ...{ primary_version: 0, created_at: now(), revision: 1 },
  }
}

function shortage(
  { name, key_domain }: Row<'groups'>,
  members: number,
  { exportable, useCounter }: Pick<KeyRequest, 'exportable' | 'useCounter'>,
): string {
  if (!exportable) return 'and it is not to be exportable: then it is on one'
  if (useCounter !== undefined) return 'and its uses are counted, which those of copies are not: then it is on one'
  if (members > 0 && key_domain === null) return `and group ${name} has no key domain to copy keys under`
  return `group ${name} has ${members}: add devices to it, or ask for less durability`
}

export async function groupOf(
  store: Foundation['store'],
  tenant: string | null,
  nameOrId: string,
): Promise<Row<'groups'>> {
  const group = await store.db
    .selectFrom('groups')
    .selectAll()
    .where('tenant_id', '=', tenant ?? '')
    .where(row => row.or([row('name', '=', nameOrId), row('id', '=', nameOrId)]))
    .executeTakeFirst()
  if (group === undefined) throw new HsmError('NOT_FOUND', `there is no group ${nameOrId}`)
  return group
}

export function checkedTags(tags: readonly string[]): string[] {
  const list = [...new Set(tags)].toSorted()
  if (list.length > mostTags) throw new HsmError('INVALID', `a key has at most ${mostTags} tags, got ${list.length}`)
  return list
}

/** The row of a version to come. */
export function versionRow(
  key: KeyRow,
  version: number,
  { now, activate = true }: { readonly now: number; readonly activate?: boolean | undefined },
): Row<'key_versions'> {
  return {
    ...{ id: newId('kv'), key_id: key.id, version, state: 'creating', state_since: now, reason: null },
    ...{ other_state: activate ? 'active' : 'pre-active', label: version === 1 ? key.name : `${key.name} v${version}` },
    ...{ adopted: 0, card_key_id: null, public_key: null, identity: null, wrapped: null, key_domain: null },
    ...{ attestation: null, certificate: null, answer: null, destroy_at: null },
    ...{ uses: 0, last_used_at: null, created_at: now },
  }
}

/** @throws HsmError EXISTS, QUOTA_EXCEEDED */
export async function insertKey(db: Transaction<Tables>, key: KeyRow): Promise<void> {
  const taken = await db
    .selectFrom('keys')
    .select('id')
    .where('tenant_id', '=', key.tenant_id)
    .where('name', '=', key.name)
    .executeTakeFirst()
  if (taken !== undefined) throw new HsmError('EXISTS', `there is a key ${key.name} already`)
  await demandRoom(db, key.tenant_id, 'keys')
  await db.insertInto('keys').values(key).execute()
}
