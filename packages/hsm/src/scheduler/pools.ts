/** The devices that do the work of each group. */
import type { DeviceSession } from '../device-session.ts'
import type { Devices } from '../devices.ts'
import { DeviceLostError, HsmError } from '../errors.ts'
import type { Operation } from './operation.ts'

export interface Pool {
  /** The members that are ready. */
  readonly members: readonly DeviceSession[]
  /** @throws HsmError NO_DEVICE, BUSY, TIMEOUT, KEY_NOT_USABLE, OUTCOME_UNKNOWN */
  run<T>(operation: Operation<T>, signal: AbortSignal): Promise<T>
}

export class Pools {
  readonly #devices: Devices
  readonly #groupOf: (deviceId: string) => string | undefined

  /** @param groupOf the id of the group that a device, by its certified path, is in */
  constructor(devices: Devices, groupOf: (deviceId: string) => string | undefined) {
    this.#devices = devices
    this.#groupOf = groupOf
  }

  of(group: string): Pool {
    const members = () => this.#devices.hsms().filter(({ id }) => this.#groupOf(id!) === group)
    return {
      get members() {
        return members()
      },
      run: (operation, signal) => run(members(), operation, signal),
    }
  }

  /** A device by itself, whatever group it is in. */
  alone(device: DeviceSession): Pool {
    return { members: [device], run: (operation, signal) => run([device], operation, signal) }
  }
}

async function run<T>(members: readonly DeviceSession[], operation: Operation<T>, signal: AbortSignal): Promise<T> {
  const able = members.filter(({ id }) => operation.on === undefined || operation.on.has(id!))
  for (const device of able.toSorted((a, b) => a.load - b.load)) {
    try {
      return await device.run(card => operation.run(card, device), signal)
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error
      if (!operation.repeatable) {
        throw new HsmError('OUTCOME_UNKNOWN', `${device.id} was lost: it may have been done`, { cause: error })
      }
    }
  }
  throw new HsmError('NO_DEVICE', 'no member of the group that can do it is ready, try again')
}
