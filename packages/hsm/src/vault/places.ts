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
  readonly form: 'bytes' | 'hexadecimal' | 'Base64'
  /** What it is, for people. */
  readonly words: string
}

/** Columns of text may hold other things as well, which are told from what is sealed by their form. */
const sealedColumns = [
  { table: 'devices', column: 'pin', key: ['id'], form: 'bytes', words: 'PINs of devices' },
  { table: 'settings', column: 'value', key: ['name'], form: 'hexadecimal', words: 'keys of the service' },
  {
    table: 'idempotency',
    column: 'request_hash',
    key: ['principal_id', 'idempotency_key'],
    form: 'Base64',
    words: 'requests with secrets',
  },
  {
    table: 'idempotency',
    column: 'answer',
    key: ['principal_id', 'idempotency_key'],
    form: 'Base64',
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
function secretOf(where: SealedColumn, { names, value }: SealedRow): SealedSecret | undefined {
  const { table, column, key, form, words } = where
  const sealed = typeof value === 'string' ? bytesOf(value, form) : value
  // A column of bytes holds nothing else: what it is not is damaged.
  const keyId = sealed && (keyIdOf(sealed) ?? (form === 'bytes' ? new Uint8Array() : undefined))
  if (sealed === undefined || keyId === undefined) return undefined
  return {
    place: { table, column, row: names.join(' ') },
    words,
    keyId,
    sealed,
    async replace(db, other) {
      let query = (db as unknown as Any).updateTable(table).set({ [column]: asStored(other, form) })
      for (const [index, name] of key.entries()) query = query.where(name, '=', names[index]!)
      await query.where(column, '=', value).execute()
    },
  }
}

function bytesOf(text: string, form: SealedColumn['form']): Uint8Array | undefined {
  if (form === 'hexadecimal') return /^([0-9a-f]{2})+$/i.test(text) ? fromHex(text) : undefined
  return /^[A-Za-z0-9+/]+=*$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
}

function asStored(sealed: Uint8Array, form: SealedColumn['form']): Uint8Array | string {
  if (form === 'bytes') return sealed
  return form === 'hexadecimal' ? toHex(sealed) : Buffer.from(sealed).toString('base64')
}

function keyIdOf(sealed: Uint8Array): Uint8Array | undefined {
  try {
    return decode(Sealed, sealed).keyId
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
