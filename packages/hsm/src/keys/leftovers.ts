/**
 * What is not to be on a device any more: keys that were being made when the device was lost, and keys that were destroyed
 * while it was away. Written down before there is anything to be left, and looked for whenever the device is there.
 */

import { toHex } from '@keytether/codec'
import type { DriverError, KeyInfo, SmartCardHsm } from '@keytether/driver'
import type { Transaction } from 'kysely'
import type { Foundation } from '../foundation.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { hexId } from '../sessions/held-keys.ts'
import type { Row, Tables } from '../store/tables.ts'
import { attempt } from './attempt.ts'

type Leftover = Row<'leftovers'>

export class Leftovers {
  readonly #foundation: Foundation
  /** Being made just now, by device and reference. */
  readonly #making = new Set<string>()
  readonly #closing = new AbortController()

  constructor(foundation: Foundation) {
    this.#foundation = foundation
  }

  /**
   * What is under this reference may be left there, from now until it is known to be wanted.
   *
   * @returns to be disposed of when it is known whether it is wanted
   */
  async expect(leftover: Omit<Leftover, 'created_at'>): Promise<Disposable> {
    const name = nameOf(leftover)
    this.#making.add(name)
    try {
      await this.#foundation.store.write(db => this.rememberIn(db, [leftover]))
    } catch (error) {
      this.#making.delete(name)
      throw error
    }
    return { [Symbol.dispose]: () => void this.#making.delete(name) }
  }

  /** With what makes it unwanted. */
  async rememberIn(db: Transaction<Tables>, leftovers: readonly Omit<Leftover, 'created_at'>[]): Promise<void> {
    for (const leftover of leftovers) {
      await db
        .insertInto('leftovers')
        .values({ ...leftover, created_at: this.#foundation.now() })
        .onConflict(row => row.columns(['device_path', 'reference']).doUpdateSet({ card_key_id: leftover.card_key_id }))
        .execute()
    }
  }

  /** Deletes what is left on the devices that are ready; of others, when they are. */
  async sweepAll(): Promise<void> {
    const { devices, store } = this.#foundation
    const rows = await store.db.selectFrom('leftovers').select('device_path').distinct().execute()
    const paths = new Set(rows.map(({ device_path }) => device_path))
    const there = devices.hsms().filter(({ id }) => paths.has(id!))
    await Promise.allSettled(there.map(device => this.sweep(device)))
  }

  /** Deletes what is left on a device that is ready. @throws HsmError if the device is lost meanwhile */
  async sweep(device: DeviceSession): Promise<void> {
    const { store, pools } = this.#foundation
    const rows = await store.db.selectFrom('leftovers').selectAll().where('device_path', '=', device.id!).execute()
    for (const row of rows) {
      await pools.alone(device).run(
        {
          kind: 'delete',
          repeatable: true,
          single: false,
          priority: 'background',
          run: card => this.#delete(row, card, device),
        },
        this.#closing.signal,
      )
    }
  }

  close(): void {
    this.#closing.abort()
  }

  async #delete(row: Leftover, card: SmartCardHsm, device: DeviceSession): Promise<void> {
    if (this.#making.has(nameOf(row))) return
    const { store } = this.#foundation
    const all = store.db
      .selectFrom('leftovers')
      .where('device_path', '=', row.device_path)
      .where('reference', '=', row.reference)
    const current = await all.select('card_key_id').executeTakeFirst()
    // It has become a key that is wanted meanwhile, or is gone.
    if (current?.card_key_id !== row.card_key_id) return
    const there = device.keys.find(({ info }) => info.reference === row.reference)?.info
    if (there === undefined || isLeft(there, row.card_key_id)) {
      const refused = await attempt(() => card.deleteKey(row.reference))
      if (isError(refused) && refused.code !== 'KEY_NOT_FOUND') throw refused
      if (there) device.forgetKey(row.reference)
    }
    await store.write(async db => {
      await db
        .deleteFrom('leftovers')
        .where('device_path', '=', row.device_path)
        .where('reference', '=', row.reference)
        .where('card_key_id', '=', row.card_key_id)
        .execute()
    })
  }
}

/** It has the id, or none of its own because it was interrupted before it was described. */
function isLeft(info: KeyInfo, cardKeyId: string): boolean {
  return hexId(info.id) === cardKeyId || info.label === toHex(info.id)
}

function isError(value: unknown): value is DriverError {
  return value instanceof Error
}

function nameOf({ device_path, reference }: Pick<Leftover, 'device_path' | 'reference'>): string {
  return `${device_path} ${reference}`
}
