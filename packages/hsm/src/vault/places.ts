/** Everywhere that the database holds something sealed. What is sealed elsewhere could be neither sealed anew nor shown to open. */
import { DecodeError, decode, fromHex, toHex } from '@keytether/codec'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Tables } from '../store/tables.ts'
import { type Place, Sealed } from './sealed.ts'

interface SealedColumn {
  readonly table: keyof Tables
  readonly column: string
  /** The columns that name a row; with spaces between them, they are the row of a `Place`. */
  readonly key: readonly string[]
  /** What it is, for people. */
  readonly words: string
}

/** In columns of text it is hexadecimal or Base64; other things there are told from it by their form. */
const sealedColumns = [
  { table: 'devices', column: 'pin', key: ['id'], words: 'PINs of devices' },
  { table: 'settings', column: 'value', key: ['name'], words: 'keys of the service' },
  {
    table: 'idempotency',
    column: 'request_hash',
    key: ['principal_id', 'idempotency_key'],
    words: 'requests with secrets',
  },
  {
    table: 'idempotency',
    column: 'answer',
    key: ['principal_id', 'idempotency_key'],
    words: 'answers with secrets',
  },
] as const satisfies readonly SealedColumn[]

type PlaceIn<C> = C extends SealedColumn ? Pick<C, 'table' | 'column'> & Pick<Place, 'row'> : never
export type SealedPlace = PlaceIn<(typeof sealedColumns)[number]>

/** Something sealed, where it is. */
export interface SealedSecret {
  readonly place: Place
  readonly words: string
  readonly keyId: Uint8Array
  readonly sealed: Uint8Array
  /** Puts something else there, unless it has changed meanwhile. */
  replace(db: Transaction<Tables>, sealed: Uint8Array): Promise<void>
}

const pageSize = 500

/** All there is, a column after the other, each in the order of its rows. */
export async function* sealedSecrets(db: Kysely<Tables>): AsyncGenerator<SealedSecret> {
  for (const column of sealedColumns) {
    for (let after: readonly string[] | undefined, more = true; more; ) {
      const rows = await pageOf(db, column, after)
      for (const row of rows) {
        const found = secretOf(column, row)
        if (found !== undefined) yield found
      }
      after = rows.at(-1)?.names
      more = rows.length === pageSize
    }
  }
}

interface SealedRow {
  readonly names: readonly string[]
  readonly value: Uint8Array | string
}

/** A table that is only known by its name. */
type Any = Kysely<Record<string, Record<string, unknown>>>

async function pageOf(
  db: Kysely<Tables>,
  { table, column, key }: SealedColumn,
  after: readonly string[] | undefined,
): Promise<SealedRow[]> {
  const names = sql.join(key.map(name => sql.ref(name)))
  let query = (db as unknown as Any)
    .selectFrom(table)
    .select([...key, column])
    .where(column, 'is not', null)
  if (after !== undefined) query = query.where(sql<boolean>`(${names}) > (${sql.join(after)})`)
  const rows = await query.orderBy(names).limit(pageSize).execute()
  return rows.map(row => ({
    names: key.map(name => String(row[name])),
    value: row[column] as Uint8Array | string,
  }))
}

/** @returns undefined if it is nothing sealed */
function secretOf({ table, column, key, words }: SealedColumn, { names, value }: SealedRow): SealedSecret | undefined {
  const form = formOf(value)
  if (form === undefined) return undefined
  const sealed = form.read(value)
  return {
    place: { table, column, row: names.join(' ') },
    words,
    // A column of bytes holds nothing else: what it is not is damaged.
    keyId: keyIdOf(sealed) ?? new Uint8Array(),
    sealed,
    async replace(db, other) {
      let query = (db as unknown as Any).updateTable(table).set({ [column]: form.write(other) })
      for (const [index, name] of key.entries()) query = query.where(name, '=', names[index]!)
      await query.where(column, '=', value).execute()
    },
  }
}

type Stored = SealedRow['value']

interface Form {
  read(value: Stored): Uint8Array
  write(sealed: Uint8Array): Stored
}

const bytesForm: Form = { read: value => value as Uint8Array, write: sealed => sealed }
const textForms: readonly (Form & { readonly looks: RegExp })[] = [
  { looks: /^([0-9a-f]{2})+$/i, read: text => fromHex(text as string), write: toHex },
  {
    looks: /^[A-Za-z0-9+/]+=*$/,
    read: text => new Uint8Array(Buffer.from(text as string, 'base64')),
    write: sealed => Buffer.from(sealed).toString('base64'),
  },
]

function formOf(value: Stored): Form | undefined {
  if (typeof value !== 'string') return bytesForm
  return textForms.find(({ looks, read }) => looks.test(value) && keyIdOf(read(value)) !== undefined)
}

function keyIdOf(sealed: Uint8Array): Uint8Array | undefined {
  try {
    return decode(Sealed, sealed).keyId
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
