/** Lends devices, each to one borrower at a time. */
import { EventEmitter, once } from 'node:events'
import { HsmError } from '../errors.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import type { Devices } from '../sessions/devices.ts'
import { Lease, type LeaseTiming } from './lease.ts'

interface LeaseRequest {
  /** The device's id, or the last part of it. */
  readonly name: string
  /** Who may use the lease, as others are told. */
  readonly borrower: string
  /** What he authenticates stays when the lease is over, though the device was locked before; default false. */
  readonly keepLogIn?: boolean
}

const defaultTiming: LeaseTiming = { idleMs: 60_000, longestMs: 15 * 60_000 }
/** Agents come back within a second or two. */
const returnMs = 10_000
/** How many leases that are over are remembered, so that a borrower who comes too late learns why. */
const maxRemembered = 100

export class Leases {
  readonly events = new EventEmitter<{ begin: [lease: Lease]; end: [lease: Lease, reason: string] }>()
  readonly #devices: Devices
  readonly #timing: LeaseTiming
  readonly #current = new Map<DeviceSession, Lease>()
  /** By their ids; those that are over go first when there are too many. */
  readonly #leases = new Map<string, Lease>()
  readonly #over = new Set<string>()

  constructor(devices: Devices, timing: Partial<LeaseTiming> = {}) {
    this.#devices = devices
    this.#timing = { ...defaultTiming, ...timing }
    devices.events.on('change', device => {
      if (device.state === 'offline') this.#current.get(device)?.end(`the device was lost: ${device.reason}`)
    })
  }

  /**
   * Lends a device that is connected, in whatever state it is. What others have asked of it is done before.
   *
   * @param signal ends the waiting
   * @throws HsmError UNKNOWN_HSM, AMBIGUOUS_HSM, TAKEN, NO_DEVICE, BUSY, TIMEOUT
   */
  async lend({ name, borrower, keepLogIn = false }: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    const device = await this.#present(name, signal)
    const { channel, wasReady } = await device.lend(borrower, signal)
    if (device.state === 'offline') throw new HsmError('NO_DEVICE', `${device.id} is offline: ${device.reason}`)
    const ended = (lease: Lease, reason: string) => this.#ended(lease, reason)
    const lease = new Lease(channel, { device, wasReady, borrower, keepLogIn, timing: this.#timing, ended })
    this.#current.set(device, lease)
    this.#leases.set(lease.id, lease)
    this.events.emit('begin', lease)
    return lease
  }

  /** @throws HsmError UNKNOWN_LEASE */
  lease(id: string, borrower: string): Lease {
    const lease = this.#leases.get(id)
    if (lease?.borrower === borrower) return lease
    throw new HsmError('UNKNOWN_LEASE', 'there is no such lease: borrow the device anew')
  }

  /** After a lease, a device may be away for a moment, so that its agent logs in. */
  async #present(name: string, signal: AbortSignal): Promise<DeviceSession> {
    const late = AbortSignal.any([signal, AbortSignal.timeout(returnMs)])
    for (;;) {
      const device = this.#devices.device(name)
      if (!device.returning || late.aborted) return device
      await once(this.#devices.events, 'change', { signal: late }).catch(() => {})
    }
  }

  #ended(lease: Lease, reason: string): void {
    this.#current.delete(lease.device)
    const [oldest] = this.#over.size < maxRemembered ? [] : this.#over
    if (oldest !== undefined) {
      this.#over.delete(oldest)
      this.#leases.delete(oldest)
    }
    this.#over.add(lease.id)
    this.events.emit('end', lease, reason)
  }
}
