/**
 * Opens a database with the master key 09…09, begins to rotate its data key, and kills itself after so many writes that are durable.
 *
 * `data-key-rotator.ts URL WRITES`
 */
import { openHsm } from '../../packages/hsm/src/hsm.ts'
import type { Store } from '../../packages/hsm/src/store/store.ts'

const [database, writes] = process.argv.slice(2)
const masterKey = { key: new Uint8Array(32).fill(9) }
const { store, vault } = await openHsm({ devices: { roots: [] }, database, masterKey })
const write = store.write.bind(store)
let done = 0
const counting: Store['write'] = async work => {
  const value = await write(work)
  if (++done === Number(writes)) process.kill(process.pid, 'SIGKILL')
  return value
}
Object.assign(store, { write: counting })
const login = { credential: 'token root/first', address: '' }
const caller = { principal: 'prn_1', name: 'ann', tenant: null, roles: ['root'], tags: [], login } as const
await vault.rotateDataKey(caller, masterKey)
