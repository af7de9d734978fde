/** What is sealed under a former data key, sealed under the present one. */
import { equal } from '@keytether/codec'
import type { Store } from '../store/store.ts'
import { type SealedSecret, sealedSecrets } from './places.ts'
import { type DataKey, seal, unseal } from './sealed.ts'

/** How many are changed with one write. */
const atOnce = 100

/**
 * What others change meanwhile is left to them. May be interrupted at any moment, and done again.
 *
 * @param dataKeys the present one, and the ones before it
 * @returns how many there were
 */
export async function resealAll(store: Store, [dataKey, ...former]: readonly [DataKey, ...DataKey[]]): Promise<number> {
  let count = 0
  let waiting: (readonly [SealedSecret, Uint8Array])[] = []
  const write = async () => {
    const batch = waiting
    waiting = []
    await store.write(async db => {
      for (const [secret, sealed] of batch) await secret.replace(db, sealed)
    })
    count += batch.length
  }
  for await (const secret of sealedSecrets(store.db)) {
    const key = former.find(({ id }) => equal(id, secret.keyId))?.key
    if (key === undefined) continue
    const plain = openOrNot(key, secret)
    if (plain === undefined) continue
    waiting.push([secret, seal(dataKey, secret.place, plain)])
    plain.fill(0)
    if (waiting.length === atOnce) await write()
  }
  if (waiting.length > 0) await write()
  return count
}

/** What was damaged stays as it is: who wants it is told, and nobody else. */
function openOrNot(key: Uint8Array, { place, sealed }: SealedSecret): Uint8Array | undefined {
  try {
    return unseal(key, place, sealed)
  } catch {
    return undefined
  }
}
