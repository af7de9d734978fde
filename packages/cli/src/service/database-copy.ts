/** Copies of a service's database, as files. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CliError } from '../errors.ts'

const beginnings = { SQLite: 'SQLite format 3', PostgreSQL: 'PGDMP' } as const

/** Which database it is of, by how it begins. */
export async function kindOfCopy(file: string): Promise<keyof typeof beginnings> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
  const beginning = buffer.toString('latin1', 0, bytesRead)
  const kind = (['SQLite', 'PostgreSQL'] as const).find(kind => beginning.startsWith(beginnings[kind]))
  if (kind !== undefined) return kind
  throw new CliError('failed', `${file} is no copy of a database`, [
    'wanted what `keytether service backup` or pg_dump --format=custom has made',
  ])
}

/**
 * Everything or nothing, into a database that is empty.
 *
 * @param url of the database
 */
export async function restoreDump(file: string, url: string): Promise<void> {
  const { planMigrations } = await import('@keytether/hsm')
  const { done } = await planMigrations(url)
  if (done.length > 0) {
    throw new CliError('failed', 'there is a service in that database already', [
      'make an empty one with createdb, and name that',
    ])
  }
  const { target, password } = withoutPassword(url)
  const args = ['--exit-on-error', '--single-transaction', '--no-owner', `--dbname=${target}`, file]
  const env = { ...process.env, ...(password !== undefined && { PGPASSWORD: password }) }
  const child = spawn('pg_restore', args, { stdio: ['ignore', 'inherit', 'pipe'], env })
  const ended = once(child, 'close').catch(cause => {
    throw new CliError('notFound', 'there is no pg_restore here', ['it comes with PostgreSQL'], { cause })
  })
  const [[code], said] = await Promise.all([ended, text(child.stderr)])
  if (code !== 0) throw new CliError('failed', `pg_restore could not restore ${file}: ${said.trim().split('\n')[0]}`)
}

/** Whoever looks at the processes of a machine sees their arguments. */
function withoutPassword(url: string): { readonly target: string; readonly password: string | undefined } {
  const target = new URL(url)
  const password = target.password === '' ? undefined : decodeURIComponent(target.password)
  target.password = ''
  return { target: target.href, password }
}
