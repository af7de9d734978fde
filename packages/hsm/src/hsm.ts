/** The whole domain, put together. */
import { Devices, type DevicesOptions } from './devices.ts'
import { History } from './history/history.ts'
import { Keys } from './keys/keys.ts'
import { Pools } from './scheduler/pools.ts'
import { openStore, type Store } from './store/store.ts'

export interface HsmOptions {
  readonly devices: DevicesOptions
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`; default: a database that ends with the process. */
  readonly database?: string
}

/** What the parts of the domain share. */
export interface Foundation {
  readonly store: Store
  readonly history: History
  /** The devices that are connected, or have been since the start. */
  readonly devices: Devices
  readonly pools: Pools
  now(): number
}

export interface Hsm extends Foundation, AsyncDisposable {
  readonly keys: Keys
}

export async function openHsm({ devices: options, database = 'sqlite::memory:' }: HsmOptions): Promise<Hsm> {
  const store = await openStore(database)
  const now = Date.now
  const devices = new Devices(options)
  // Until groups are kept, each device is one.
  const pools = new Pools(devices, device => device)
  const foundation: Foundation = { store, history: new History(store, now), devices, pools, now }
  const keys = await Keys.open(foundation)
  return {
    ...foundation,
    keys,
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}
