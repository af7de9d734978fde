/** The devices that do the work of each group: as they become ready, are lent, are lost, and change groups. */
import { EventEmitter } from 'node:events'
import type { DeviceOperation } from '../requests/context.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Operation } from './operation.ts'
import { type Place, Pool } from './pool.ts'

/** Who knows the devices that are connected. */
export interface Presences {
  /** How many operations may wait for each device. */
  readonly queueLimit: number
  /** `change`: the state of a device */
  readonly events: { on(event: 'change', listener: (device: DeviceSession) => void): unknown }
  /** Those that are ready. */
  hsms(): readonly DeviceSession[]
  /** The last session of a device, by its id. */
  session(id: string): DeviceSession | undefined
}

/** Where a device is at work. */
export interface Membership extends Place {
  /** The id of its group. Those that are in none work together, as far as they have the same keys. */
  readonly group: string | undefined
}

export class Pools {
  /** `operation`: a device has done one, or has not. */
  readonly events = new EventEmitter<{ operation: [operation: DeviceOperation] }>()
  readonly #devices: Presences
  readonly #membershipOf: (deviceId: string) => Membership
  readonly #pools = new Map<string | undefined, Pool>()
  /** Of each device that is ready. */
  readonly #at = new Map<DeviceSession, Membership>()

  /** @param membershipOf what is known of a device, by its certified path, or the id of its group */
  constructor(devices: Presences, membershipOf: (deviceId: string) => Membership | string | undefined) {
    this.#devices = devices
    this.#membershipOf = id => {
      const membership = membershipOf(id)
      return typeof membership === 'object' ? membership : { group: membership }
    }
    devices.events.on('change', device => this.#changed(device))
    for (const device of devices.hsms()) this.#changed(device)
  }

  of(group: string | undefined): Pool {
    let pool = this.#pools.get(group)
    if (pool === undefined) {
      pool = new Pool(this.#devices.queueLimit, operation => this.events.emit('operation', operation))
      this.#pools.set(group, pool)
    }
    return pool
  }

  /** Where a device is at work. */
  poolOf(device: DeviceSession): Pool {
    return this.of(this.#at.get(device)?.group)
  }

  /** A device by itself, whatever group it is in, also if it is not ready. */
  alone(device: DeviceSession): Pick<Pool, 'run'> {
    return {
      run: <T>(operation: Operation<T>, signal: AbortSignal) =>
        this.#at.has(device)
          ? this.poolOf(device).run({ ...operation, on: new Set([device.id!]) }, signal)
          : device.run(card => operation.run(card, device), signal),
    }
  }

  /** The device may be in another group than before. */
  refresh(deviceId: string): void {
    const device = this.#devices.session(deviceId)
    if (device && this.#at.has(device)) this.#changed(device)
  }

  /** Resolves when nothing is to be done. */
  async idle(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.idle()))
  }

  #changed(device: DeviceSession): void {
    const at = this.#at.get(device)
    if (device.state === 'ready') {
      const membership = this.#membershipOf(device.id!)
      if (at && at.group !== membership.group) this.of(at.group).retire(device)
      this.#at.set(device, membership)
      this.of(membership.group).join(device, membership)
    } else if (device.state === 'offline') {
      this.#at.delete(device)
      // It may have left a pool and owe it an answer still.
      if (device.id !== undefined)
        for (const pool of this.#pools.values()) pool.lose(device, device.reason ?? 'offline')
    } else if (at) {
      this.#at.delete(device)
      this.of(at.group).retire(device)
    }
  }
}
