/** Versions of keys as far as it matters to where they are, and how they are known on a card. */
import { curveByName, WrappedKeyFile } from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import type { Answer, StoredKey } from '@keytether/driver'
import type { Kysely } from 'kysely'
import type { HeldKey } from '../sessions/held-keys.ts'
import type { Row, Tables } from '../store/tables.ts'

type VersionRow = Row<'key_versions'>

export interface PlacedVersion
  extends Pick<VersionRow, 'id' | 'version' | 'state' | 'card_key_id' | 'label' | 'public_key' | 'identity'> {
  readonly answer: Answer | undefined
  /** Whether there is a wrapped copy in the store. */
  readonly wrapped: boolean
  readonly key: string
  readonly tenant: string
  readonly group: string
  /** The name of the key. */
  readonly name: string
  readonly kind: 'EC' | 'RSA' | 'AES'
  readonly parameter: string
  readonly durability: number
  /** Its card counts its uses, and would not those of a copy: it stays where it is. */
  readonly counted: boolean
}

export async function versionsOf(
  db: Kysely<Tables>,
  of: { readonly group: string } | { readonly version: string },
): Promise<PlacedVersion[]> {
  const rows = await db
    .selectFrom('key_versions')
    .innerJoin('keys', 'keys.id', 'key_versions.key_id')
    .select(eb => [
      'key_versions.id',
      'key_versions.version',
      'key_versions.state',
      'key_versions.card_key_id',
      'key_versions.label',
      'key_versions.public_key',
      'key_versions.identity',
      'key_versions.answer',
      eb('key_versions.wrapped', 'is not', null).as('is_wrapped'),
      'keys.id as key',
      'keys.tenant_id as tenant',
      'keys.group_id as group',
      'keys.name',
      'keys.kind',
      'keys.parameter',
      'keys.durability',
      'keys.use_counter',
    ])
    .$if('group' in of, query => query.where('keys.group_id', '=', (of as { group: string }).group))
    .$if('version' in of, query => query.where('key_versions.id', '=', (of as { version: string }).version))
    .orderBy('keys.name')
    .orderBy('key_versions.version')
    .execute()
  return rows.map(({ is_wrapped, answer, use_counter, ...row }) => ({
    ...row,
    counted: use_counter !== null,
    wrapped: Boolean(is_wrapped),
    answer: answer === null ? undefined : answerOf(answer),
  }))
}

/** As it is put on a card. Without its wrapped copy it can only be recognised. */
export async function storedKey(db: Kysely<Tables>, version: PlacedVersion): Promise<StoredKey> {
  const { wrapped } = await db
    .selectFrom('key_versions')
    .select('wrapped')
    .where('id', '=', version.id)
    .executeTakeFirstOrThrow()
  const { reference } = (await db
    .selectFrom('instances')
    .select('reference')
    .where('version_id', '=', version.id)
    .orderBy('checked_at')
    .executeTakeFirst()) ?? { reference: undefined }
  const { card_key_id, label, kind, parameter, public_key, answer } = version
  return {
    id: fromHex(card_key_id ?? ''),
    label,
    kind,
    ...(kind === 'EC' ? { bits: curveByName(parameter)?.bits ?? 0, curve: parameter } : { bits: Number(parameter) }),
    ...(reference !== undefined && { reference }),
    ...(public_key && { publicKey: new Uint8Array(public_key) }),
    ...(answer && { answer }),
    ...(wrapped ? decode(WrappedKeyFile, new Uint8Array(wrapped)) : { obstacle: 'there is no wrapped copy of it' }),
  }
}

/** What a device holds of a version, as far as can be told without using it. */
export function instanceOf(
  { public_key, card_key_id, identity }: PlacedVersion,
  keys: readonly HeldKey[],
): HeldKey | undefined {
  const same = indexOf(keys).get(identity ?? '') ?? []
  // A secret key's identity is its type and domain.
  return public_key === null ? same.find(({ id }) => id === card_key_id) : same[0]
}

/** By identity, once for each list: a device whose keys change has another one. */
const indexes = new WeakMap<readonly HeldKey[], ReadonlyMap<string, readonly HeldKey[]>>()

function indexOf(keys: readonly HeldKey[]): ReadonlyMap<string, readonly HeldKey[]> {
  let index = indexes.get(keys)
  if (index === undefined) {
    index = Map.groupBy(keys, ({ identity }) => identity)
    indexes.set(keys, index)
  }
  return index
}

export function answerText({ algorithm, input, output }: Answer): string {
  return JSON.stringify({ algorithm, input: toHex(input), output: toHex(output) })
}

function answerOf(text: string): Answer {
  const { algorithm, input, output } = JSON.parse(text) as { algorithm: number; input: string; output: string }
  return { algorithm, input: fromHex(input), output: fromHex(output) }
}

/** As people call it. */
export function versionWords({ name, version }: Pick<PlacedVersion, 'name' | 'version'>): string {
  return `${name} version ${version}`
}
