/** The key with which the service signs what it says to others: records of devices that were retired, and checkpoints of the audit log. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { fromHex, toHex } from '@keytether/codec'
import type { Store } from '../store/store.ts'
import type { SealedPlace } from './places.ts'
import type { Vault } from './vault.ts'

const setting = 'signing-key'
const place: SealedPlace = { table: 'settings', column: 'value', row: setting }

/** Ed25519. Made when it is first needed. @throws HsmError SEALED */
export async function signingKey(store: Store, vault: Vault): Promise<KeyObject> {
  const find = () => store.db.selectFrom('settings').select('value').where('name', '=', setting).executeTakeFirst()
  let stored = await find()
  if (stored === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    const secret = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }))
    const value = toHex(vault.seal(place, secret))
    await store.write(db =>
      db
        .insertInto('settings')
        .values({ name: setting, value })
        .onConflict(conflict => conflict.column('name').doNothing())
        .execute(),
    )
    stored = await find()
  }
  const key = Buffer.from(vault.open(place, fromHex(stored!.value)))
  return createPrivateKey({ key, type: 'pkcs8', format: 'der' })
}
