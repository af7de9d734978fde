/** Random bytes of tokens, mixed with those of this machine: good if one of the two is. */
import { randomBytes } from 'node:crypto'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import { recordFault } from './members.ts'
import { RandomHealth } from './random-health.ts'

/** What one command gives on any card. */
export const mostRandom = 1_024

export class RandomSource {
  readonly #foundation: Pick<Foundation, 'pools' | 'history' | 'store'>
  /** By device. */
  readonly #health = new Map<string, RandomHealth>()

  constructor(foundation: Pick<Foundation, 'pools' | 'history' | 'store'>) {
    this.#foundation = foundation
  }

  /**
   * @param length 1 to `mostRandom`
   * @throws HsmError NO_DEVICE if no member gives random bytes that pass for such; BUSY, TIMEOUT
   */
  async take(tenant: string, group: string, length: number, signal: AbortSignal): Promise<Uint8Array> {
    const pool = this.#foundation.pools.of(group)
    const on = new Set(pool.members.map(({ id }) => id!))
    while (on.size > 0) {
      const { bytes, device } = await pool.run(
        {
          kind: 'random',
          on: new Set(on),
          repeatable: true,
          single: true,
          run: async (card, { id }) => ({ bytes: await card.random(length), device: id! }),
        },
        signal,
      )
      const wrong = this.#healthOf(device).check(bytes)
      if (wrong === undefined) return mixed(bytes)
      on.delete(device)
      const fault = { tenant, type: 'device.not-random', path: device, data: { wrong } } as const
      await recordFault(this.#foundation, fault)
    }
    throw new HsmError('NO_DEVICE', 'no member of the group that is ready gives random bytes that pass for such')
  }

  #healthOf(device: string): RandomHealth {
    const known = this.#health.get(device)
    if (known !== undefined) return known
    const health = new RandomHealth()
    this.#health.set(device, health)
    return health
  }
}

function mixed(bytes: Uint8Array): Uint8Array {
  const own = randomBytes(bytes.length)
  return bytes.map((byte, at) => byte ^ own[at]!)
}
