/** What makes a device another one: initialising it and naming it. Nothing is erased but what a dry run has shown. */
import type { TrustRoot } from '@keytether/card'
import type { Initialization } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import { leavingObstacle } from '../groups/leaving.ts'
import type { Caller } from '../principals/caller.ts'
import { lockWords } from '../sessions/lock-words.ts'
import type { Store } from '../store/store.ts'
import { type Erasure, readErasure } from './erasure.ts'
import { exclusively, inTurn } from './exclusive.ts'
import type { Pins } from './pins.ts'
import type { Registry } from './registry.ts'

export interface InitializationOrder extends Pick<Initialization, 'label' | 'pinTries' | 'dkekShares' | 'keyDomains'> {
  readonly soPin: Uint8Array
  readonly userPin: Uint8Array
  /** The service keeps the PIN. */
  readonly keepPin: boolean
  /** Of the dry run. */
  readonly confirmation: string
}

export class LifeCycle {
  readonly #store: Store
  readonly #registry: Registry
  readonly #pins: Pins
  readonly #roots: readonly TrustRoot[]

  constructor(store: Store, registry: Registry, pins: Pins, roots: readonly TrustRoot[]) {
    this.#store = store
    this.#registry = registry
    this.#pins = pins
    this.#roots = roots
  }

  /** What an initialisation would erase. @throws HsmError NOT_FOUND, NO_DEVICE */
  async plan(caller: Caller, device: string, signal: AbortSignal): Promise<Erasure> {
    const { row } = this.#registry.device(caller, device)
    const erasure = await inTurn(await this.#registry.present(row), signal, readErasure)
    const only = row.group_id === null ? undefined : await leavingObstacle(this.#store.db, row.id, row.group_id)
    return only === undefined ? erasure : { ...erasure, words: [...erasure.words, `for the service: ${only}`] }
  }

  /**
   * Erases a device and sets its PINs and key domains.
   *
   * @returns what was erased
   * @throws HsmError NOT_FOUND, NO_DEVICE, SEALED; WRONG_STATE if the device refuses, also the SO-PIN, or if there is something
   *   else on it than what the dry run has shown; INVALID for parameters that cannot be
   */
  async initialize(caller: Caller, device: string, order: InitializationOrder, signal: AbortSignal): Promise<Erasure> {
    const { row } = this.#registry.device(caller, device)
    const session = await this.#registry.present(row)
    const { soPin, userPin, keepPin, confirmation, ...settings } = order
    const sealed = this.#pins.sealed(row, keepPin ? userPin : undefined)
    const what = `${caller.name}, who initialises it,`
    return exclusively(session, { what, roots: this.#roots, signal }, async card => {
      const erased = await readErasure(card)
      mustBe(erased, confirmation)
      // A PIN on record is not the device's any more: whatever happens from here on, it is not presented.
      await this.#registry.change(caller, row.id, {}, async db => {
        await db.deleteFrom('instances').where('device_id', '=', row.id).execute()
        const data = { erases: erased.words }
        return { values: { pin: null, pin_refused: 0 }, type: 'device.initializing', data }
      })
      const outcome = await card.initialize({ soPin, userPin, ...settings })
      if (outcome.status !== 'verified') {
        const data = { reason: `SO-PIN: ${lockWords(outcome)}` }
        await this.#registry.change(caller, row.id, {}, async () => ({
          values: { pin: row.pin, pin_refused: row.pin_refused },
          type: 'device.notInitialized',
          data,
        }))
        throw new HsmError('WRONG_STATE', `${row.name} was not initialised: ${data.reason}`)
      }
      const { label, dkekShares, keyDomains } = settings
      await this.#registry.change(caller, row.id, {}, async db => {
        // What is on it from now on is nothing that was left there.
        await db.deleteFrom('leftovers').where('device_path', '=', row.path).execute()
        const data = { erased: erased.words, label, dkekShares, keyDomains, pinKept: keepPin }
        return { values: { pin: sealed, pin_refused: 0 }, type: 'device.initialized', data }
      })
      return erased
    })
  }

  /** Names the token itself. @throws HsmError NOT_FOUND, NO_DEVICE; WRONG_STATE while it is locked */
  async label(caller: Caller, device: string, label: string, signal: AbortSignal): Promise<void> {
    const { row } = this.#registry.device(caller, device)
    const session = await this.#registry.present(row)
    await inTurn(session, signal, card => card.writeLabel(label))
    await this.#registry.change(caller, row.id, {}, async () => ({
      values: {},
      type: 'device.labelled',
      data: { label },
    }))
    await this.#registry.refresh(caller, row.id, signal)
  }
}

/** @throws HsmError WRONG_STATE */
export function mustBe({ confirmation }: Erasure, wanted: string): void {
  if (confirmation === wanted) return
  throw new HsmError(
    'WRONG_STATE',
    'what is on the device is not what the dry run has shown: nothing was erased, look at a new dry run',
  )
}
