/** What the parts of the domain share. */

import type { History } from './history/history.ts'
import type { Pools } from './scheduler/pools.ts'
import type { Devices } from './sessions/devices.ts'
import type { Store } from './store/store.ts'

export interface Foundation {
  readonly store: Store
  readonly history: History
  /** The devices that are connected, or have been since the start. */
  readonly devices: Devices
  readonly pools: Pools
  now(): number
}
