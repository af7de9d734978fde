/** The whole domain, put together. */
import { Registry } from './devices/registry.ts'
import { Devices, type DevicesOptions } from './devices.ts'
import { HsmError } from './errors.ts'
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
  readonly registry: Registry
  readonly keys: Keys
}

export async function openHsm({ devices: options, database = 'sqlite::memory:' }: HsmOptions): Promise<Hsm> {
  const store = await openStore(database)
  const now = Date.now
  const devices = new Devices(options)
  // What is known of devices is read before any of them can connect.
  const pools: Pools = new Pools(devices, device => registry.groupOf(device))
  const foundation: Foundation = { store, history: new History(store, now), devices, pools, now }
  const { admit = 'genuine', allowed = [], pins = new Map() } = options
  const named = new Set([...allowed, ...pins.keys()])
  const registry = await Registry.open(foundation, { genuine: admit === 'genuine', named })
  const keys = await Keys.open(foundation, {
    ensure: () => Promise.reject(new HsmError('NOT_DURABLE', 'keys are not copied to other members yet')),
  })
  return {
    ...foundation,
    registry,
    keys,
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]()
      await registry.settled()
      await store[Symbol.asyncDispose]()
    },
  }
}
