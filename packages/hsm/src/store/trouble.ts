/** Whether the database does what is asked of it. */
import { HsmError } from '../errors.ts'
import type { Store } from './store.ts'

const patienceMs = 2_000

/** Asks it, by the ways that requests take. @returns why it does not, in words; undefined if it does */
export async function troubleWith(store: Store): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(resolve, patienceMs, `the database has not answered for ${patienceMs / 1_000} s`)
  const asked = store
    .write(db => db.selectFrom('settings').select('name').limit(1).execute())
    .then(() => store.db.selectFrom('settings').select('name').limit(1).execute())
    .then(() => undefined, inWords)
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

/** What a database says may tell of it what is not for everybody who asks. */
function inWords(error: unknown): string | undefined {
  // It has more to do than it can, and does it.
  if (error instanceof HsmError && error.code === 'BUSY') return undefined
  return 'the database does not answer'
}
