/** PostgreSQL by way of `pg`. */
import { setTimeout } from 'node:timers/promises'
import { PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { HsmError } from '../errors.ts'
import type { Database, Trouble } from './dialect.ts'

/** @param url `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `?sslmode=verify-full` and others of libpq */
export function postgres(url: string): Database {
  const { host, pathname } = new URL(url)
  const name = `PostgreSQL ${host}${pathname}`
  const common = { connectionString: url, connectionTimeoutMillis: 10_000, keepAlive: true, types }
  const pool = (config: pg.PoolConfig): pg.Pool => {
    const made = new pg.Pool({ ...common, ...config })
    // A connection that is lost while nobody uses it; who wants one next gets a new one, or the reason why not.
    made.on('error', () => undefined)
    // While it is used, who uses it is told; but it tells this way, too.
    made.on('connect', client => client.on('error', () => undefined))
    return made
  }
  return {
    kind: 'PostgreSQL',
    name,
    writer: new PostgresDialect({
      pool: pool({ max: 1, idleTimeoutMillis: 0, onConnect: client => takeLock(client, name) }),
    }),
    reader: new PostgresDialect({ pool: pool({ max: 8, options: '-c default_transaction_read_only=on' }) }),
    types: { bytes: sql`bytea`, sequence: sql`bigserial` },
    trouble,
    close: () => undefined,
  }
}

/** 'Keytethr' in ASCII. Locks of this kind are of one database, and end with the connection. */
const lockNumber = '0x4b65797465746872'
const lockAttempts = 15
const lockPauseMs = 200

/**
 * The connection that writes has a lock, so that there is one writer, as with SQLite: transactions are one after the other, and
 * events are numbered in the order in which they become visible.
 */
async function takeLock(client: pg.ClientBase, name: string): Promise<void> {
  for (let attempt = 0; attempt < lockAttempts; attempt++) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [BigInt(lockNumber)])
    if (rows[0].taken) return
    // The server may not have noticed yet that the one before has ended.
    await setTimeout(lockPauseMs)
  }
  throw new HsmError('DATABASE', `another service has the database ${name} open; end it first`)
}

const int8 = 20
const bytea = 17

/** As SQLite answers: numbers, and plain bytes. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return (text: string) => Number(text)
    const parse = pg.types.getTypeParser(oid, format ?? 'text')
    return oid === bytea ? (text: string) => new Uint8Array(parse(text) as Buffer) : parse
  },
}

/** @see https://www.postgresql.org/docs/15/errcodes-appendix.html */
function trouble(error: unknown): Trouble | undefined {
  const { code, message, syscall } = error as Partial<NodeJS.ErrnoException>
  // Serialisation failure, deadlock.
  if (code === '40001' || code === '40P01') return 'conflict'
  if (/^(08...|53...|57P..|58...)$/.test(code ?? '') || syscall !== undefined) return 'unavailable'
  // What `pg` says itself has no code.
  return /^(Connection terminated|timeout exceeded|Client has encountered)/.test(message ?? '')
    ? 'unavailable'
    : undefined
}
