/** Runs a suite on SQLite, and on a PostgreSQL of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { missingPeers } from './peers.ts'
import { type Cluster, startCluster } from './postgres.ts'

/** @returns the URL of an empty database that nobody else has, and that is gone when the process ends */
export type OpenDatabase = () => Promise<string>

/**
 * Defines the suite once for each database. Where PostgreSQL is missing its suite is skipped aloud, but never with `CI=true`.
 *
 * @param suite gets the name of the database, and what makes one
 */
export function eachDatabase(suite: (name: string, open: OpenDatabase) => void): void {
  describe('SQLite', () => suite('SQLite', sqlite()))
  const missing = missingPeers(['postgres'])
  if (missing !== undefined && process.env.CI === 'true') throw new Error(missing)
  describe('PostgreSQL', { skip: missing ?? false }, () => suite('PostgreSQL', postgres()))
}

function sqlite(): OpenDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-sqlite-'))
  let count = 0
  after(() => rmSync(folder, { recursive: true, force: true }))
  return async () => `sqlite:${join(folder, `${++count}.db`)}`
}

function postgres(): OpenDatabase {
  let cluster: Promise<Cluster> | undefined
  after(async () => (await cluster)?.end())
  return async () => {
    cluster ??= startCluster()
    return (await cluster).createDatabase()
  }
}
