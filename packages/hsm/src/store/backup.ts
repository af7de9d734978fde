/** Copies of a database that is in use. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { HsmError } from '../errors.ts'

/** All in one step, which sees one state: with several, every write in between makes it start over. */
const everyPage = 2 ** 31 - 1

/**
 * Copies a SQLite database as it is at one moment, whoever writes to it meanwhile. The copy has been read through when the promise
 * resolves, and is a database like any other: to restore it is to start the service with it.
 *
 * @param url `sqlite:PATH`
 * @param file is replaced if it is there
 * @throws HsmError `DATABASE`
 */
export async function backupDatabase(url: string, file: string): Promise<void> {
  const path = /^sqlite:(.+)$/.exec(url)?.[1]
  if (path === undefined) throw new HsmError('DATABASE', 'only SQLite is copied so; for PostgreSQL, there is pg_dump')
  const draft = `${file}.draft`
  try {
    rmSync(draft, { force: true })
    closeSync(openSync(draft, 'wx', 0o600))
    await copy(path, draft)
    check(draft)
    renameSync(draft, file)
  } catch (cause) {
    rmSync(draft, { force: true })
    throw new HsmError('DATABASE', `cannot copy the database ${path}: ${(cause as Error).message}`, { cause })
  }
}

async function copy(path: string, draft: string): Promise<void> {
  const source = new DatabaseSync(path, { readOnly: true })
  try {
    await backup(source, draft, { rate: everyPage })
  } finally {
    source.close()
  }
  const descriptor = openSync(draft, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function check(path: string): void {
  const database = new DatabaseSync(path)
  try {
    // What SQLite keeps beside a database in this mode is not part of a copy.
    database.exec('pragma journal_mode = delete')
    const found = database.prepare('pragma integrity_check').all()
    if (found[0]?.integrity_check !== 'ok') throw new Error(`the copy is damaged: ${JSON.stringify(found[0])}`)
    database.prepare('select count(*) from kysely_migration').get()
  } finally {
    database.close()
  }
}
