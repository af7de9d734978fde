/** Whether the master key opens what is sealed in a database: each secret of it, and not just the first. */
import type { Store } from '../store/store.ts'
import type { MasterKey } from '../vault/master-key.ts'
import { sealedSecrets } from '../vault/places.ts'
import { dataKeyOpener } from '../vault/vault.ts'
import type { Finding } from './finding.ts'

const mostTold = 10

/** @throws HsmError `INVALID` if it is not the master key of this database */
export async function secrets(store: Store, master: MasterKey | undefined): Promise<Finding> {
  const open = await dataKeyOpener(store, master)
  if (open === undefined) return { outcome: 'ok', words: 'no master key was ever given: nothing is sealed' }
  if (open === 'sealed') {
    return { outcome: 'skipped', words: 'without the master key nobody knows whether the secrets can be opened' }
  }
  const counts = new Map<string, number>()
  const details: string[] = []
  for await (const { place, sealed, words } of sealedSecrets(store.db)) {
    counts.set(words, (counts.get(words) ?? 0) + 1)
    const plain = open(place, sealed)
    if (plain === undefined) details.push(`${words}: ${place.table}.${place.column} of ${place.row}`)
    plain?.fill(0)
  }
  const all = [...counts].map(([words, count]) => `${count} ${words}`).join(', ')
  if (details.length === 0)
    return { outcome: 'ok', words: `the master key opens it: ${all || 'nothing is sealed yet'}` }
  const words = `the master key opens it, but not ${details.length} of ${all}`
  return { outcome: 'failed', words, details: details.slice(0, mostTold) }
}
