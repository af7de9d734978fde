/** Whether a service could live on with a copy of its database: everything is opened that has to open, and a service is started with it. */

import { HsmError } from '../errors.ts'
import { type Hsm, openHsm } from '../hsm.ts'
import { planMigrations } from '../store/migrate.ts'
import { openStore, type Store } from '../store/store.ts'
import type { MasterKey } from '../vault/master-key.ts'
import { auditChains } from './audit-chains.ts'
import type { Finding } from './finding.ts'
import { keyCopies, keyDomains } from './key-copies.ts'
import { secrets } from './secrets.ts'
import { wholeness } from './wholeness.ts'

export interface DrillStep extends Finding {
  readonly step: 'database' | 'migrations' | 'secrets' | 'keys' | 'key domains' | 'audit' | 'service'
}

/**
 * Each step is told when it is done; after one of the first two that failed there are no more.
 *
 * @param url of a database that nobody needs: it is brought up to date, and a service runs on it for a moment
 * @param master of the service; none: for a service that has none
 */
export async function* restoreDrill(url: string, master: MasterKey | undefined): AsyncGenerator<DrillStep> {
  const migrations = await finding(() => migrated(url))
  if (migrations.outcome === 'failed') return yield { step: 'database', ...migrations }
  const database = await onStore(url, wholeness)
  yield { step: 'database', ...database }
  if (database.outcome === 'failed') return
  yield { step: 'migrations', ...migrations }
  yield { step: 'secrets', ...(await onStore(url, store => secrets(store, master))) }
  yield { step: 'keys', ...(await onStore(url, keyCopies)) }
  yield { step: 'key domains', ...(await onStore(url, keyDomains)) }
  yield { step: 'audit', ...(await onStore(url, auditChains)) }
  yield { step: 'service', ...(await finding(() => started(url, master))) }
}

async function migrated(url: string): Promise<Finding> {
  const { done, pending } = await planMigrations(url)
  if (done.length === 0)
    return { outcome: 'failed', words: 'this is no database of Keytether: it has none of its tables' }
  await (await openStore(url))[Symbol.asyncDispose]()
  if (pending.length === 0) return { outcome: 'ok', words: 'it is of this version' }
  return { outcome: 'ok', words: `it is of an older version; ${pending.join(', ')} was done to the copy` }
}

async function started(url: string, masterKey: MasterKey | undefined): Promise<Finding> {
  await using hsm: Hsm = await openHsm({ devices: { roots: [] }, database: url, masterKey })
  const { db } = hsm.store
  const count = async (table: 'tenants' | 'principals' | 'devices' | 'keys') => {
    const { rows } = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow()
    return `${rows} ${table}`
  }
  const counts = [await count('tenants'), await count('principals'), await count('devices'), await count('keys')]
  return { outcome: 'ok', words: `a service starts with it: ${counts.join(', ')}` }
}

async function onStore(url: string, look: (store: Store) => Promise<Finding>): Promise<Finding> {
  return finding(async () => {
    await using store = await openStore(url)
    return await look(store)
  })
}

async function finding(look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof HsmError)) throw error
    return { outcome: 'failed', words: error.message }
  }
}
