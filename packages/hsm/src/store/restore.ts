/** A copy in the place of a database: whatever interrupts it, either of the two is there, and the same again completes it. */
import { closeSync, existsSync, fsyncSync, openSync, realpathSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { HsmError } from '../errors.ts'
import { backupDatabase } from './backup.ts'
import { planMigrations } from './migrate.ts'
import { foldIn, lockOf } from './sqlite.ts'

export interface Restored {
  /** Where the one before is now; none: there was none. */
  readonly aside?: string
}

/** What SQLite keeps beside a database: the last changes are in there. */
const companions = ['-wal', '-shm', '']

/**
 * @param url `sqlite:PATH`; no service may have it
 * @param copy a file that `backupDatabase` made, or any other SQLite database of ours; it stays
 * @throws HsmError `DATABASE` if the copy is damaged, none of ours or of a newer version, or a service has the database; `EXISTS` if one that an
 *   earlier restore put aside is still there
 */
export async function restoreDatabase(url: string, copy: string): Promise<Restored> {
  const given = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (given === undefined)
    throw new HsmError('DATABASE', 'only SQLite is restored so; for PostgreSQL, there is pg_restore')
  if (!existsSync(copy)) throw new HsmError('DATABASE', `there is no copy ${copy}`)
  const { done } = await planMigrations(`sqlite:${copy}`)
  if (done.length === 0) throw new HsmError('DATABASE', `${copy} is no database of Keytether`)
  const path = existsSync(given) ? realpathSync(given) : given
  const draft = `${path}.restoring`
  await backupDatabase(`sqlite:${copy}`, draft)
  const lock = existsSync(path) ? lockOf(path) : undefined
  try {
    // Where this is interrupted, and never completed, the one before is whole.
    if (lock !== undefined) foldIn(path)
    const aside = putAside(path)
    renameSync(draft, path)
    syncFolder(dirname(path))
    return aside === undefined ? {} : { aside }
  } finally {
    lock?.close()
  }
}

/** The database last: as long as it is there, this goes on where it was interrupted. */
function putAside(path: string): string | undefined {
  const there = existsSync(path)
  const aside = `${path}.replaced`
  if (there && existsSync(aside)) {
    throw new HsmError('EXISTS', `${aside} is what an earlier restore put aside: move it away, or delete it, first`)
  }
  for (const companion of companions) {
    if (existsSync(`${path}${companion}`)) renameSync(`${path}${companion}`, `${aside}${companion}`)
  }
  return there ? aside : undefined
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
