/**
 * PINs that people give to the service: kept sealed, or presented once. None is presented twice when it was refused, and none as
 * the last try.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { PinOutcome } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { lockWords } from '../sessions/lock-words.ts'
import type { Row } from '../store/tables.ts'
import type { SealedPlace } from '../vault/places.ts'
import type { Vault } from '../vault/vault.ts'
import { inTurn } from './exclusive.ts'
import type { Registry } from './registry.ts'

/** What was seen when a PIN was presented. */
export interface PinAnswer {
  readonly status: PinOutcome['status']
  readonly triesLeft?: number
  readonly words: string
  /** The service has the PIN, and presents it when the device connects. */
  readonly kept: boolean
}

export class Pins {
  readonly #foundation: Foundation
  readonly #registry: Registry
  readonly #vault: Vault
  /** Of PINs that devices refused since the start, so that none is presented again by mistake. */
  readonly #refused = new Map<string, Set<string>>()
  readonly #mark = randomBytes(32)

  constructor(foundation: Foundation, registry: Registry, vault: Vault) {
    this.#foundation = foundation
    this.#registry = registry
    this.#vault = vault
    vault.events.on('open', () => {
      const locked = foundation.devices.known().filter(({ state, id }) => state === 'secured' && registry.row(id!)?.pin)
      for (const session of locked) void session.restart('its PIN can be opened now, and it comes up')
    })
  }

  /** The PIN to present to a device that connects; a text: why there is one and it cannot be had. */
  async of(path: string): Promise<Uint8Array | string | undefined> {
    const row = this.#registry.row(path)
    if (row?.state !== 'claimed') return undefined
    // Also one of the configuration, which a restart must not present again.
    if (row.pin_refused) return 'the PIN on record was refused, and is not presented again: give the right one'
    if (row.pin === null) return undefined
    try {
      return this.#vault.open(placeOf(row), row.pin)
    } catch (error) {
      if (error instanceof HsmError) return `locked: its PIN cannot be opened: ${error.message}`
      throw error
    }
  }

  async refused(path: string, outcome: PinOutcome): Promise<void> {
    const row = this.#registry.row(path)
    if (row === undefined) return
    await this.#registry.changeBySelf(row, 'device.pinRefused', { ...outcome, by: 'the service' }, { pin_refused: 1 })
  }

  /**
   * Presents a PIN, and keeps it if it is right and wanted. The device comes up with it.
   *
   * @throws HsmError NOT_FOUND, NO_DEVICE, SEALED; INVALID if this very PIN was refused before
   */
  async give(
    caller: Caller,
    device: string,
    { pin, keep }: { readonly pin: Uint8Array; readonly keep: boolean },
    signal: AbortSignal,
  ): Promise<PinAnswer> {
    const { row } = this.#registry.device(caller, device)
    const sealed = keep ? this.#vault.seal(placeOf(row), pin) : undefined
    const session = await this.#registry.present(row)
    const outcome = await inTurn(session, signal, card =>
      this.#attempt(row.path, 'PIN', pin, () => card.verifyPin(pin)),
    )
    const right = outcome.status === 'verified'
    const kept = right && keep
    const changes = { ...(right && { pin_refused: 0 }), ...(kept && sealed && { pin: sealed }) }
    const type = right ? 'device.pinAccepted' : 'device.pinRefused'
    await this.#registry.change(caller, row.id, {}, async () => ({ values: changes, type, data: { ...outcome, kept } }))
    if (right) await session.restart('its PIN was given, and it comes up')
    else await this.#registry.refresh(caller, row.id, signal)
    return { ...answer(outcome), kept }
  }

  /** The service forgets the PIN, and the device is locked. @throws HsmError NOT_FOUND */
  async forget(caller: Caller, device: string): Promise<void> {
    const row = await this.#registry.change(caller, device, {}, async () => ({
      values: { pin: null, pin_refused: 0 },
      type: 'device.pinForgotten',
    }))
    await this.#foundation.devices.session(row.path)?.restart('its PIN was forgotten', false)
  }

  /** Ends the log-in of a device; a PIN on record is presented when it connects the next time. @throws HsmError NOT_FOUND, NO_DEVICE */
  async logout(caller: Caller, device: string, signal: AbortSignal): Promise<void> {
    const { row } = this.#registry.device(caller, device)
    const session = await this.#registry.present(row)
    await inTurn(session, signal, card => card.logout())
    await this.#registry.change(caller, row.id, {}, async () => ({ values: {}, type: 'device.loggedOut' }))
    session.lock('logged out: give its PIN to open it')
  }

  /** Changes the user PIN; one on record is replaced. @throws HsmError NOT_FOUND, NO_DEVICE, SEALED */
  change(
    caller: Caller,
    device: string,
    { oldPin, newPin }: { readonly oldPin: Uint8Array; readonly newPin: Uint8Array },
    signal: AbortSignal,
  ): Promise<PinAnswer> {
    return this.#set(caller, device, { pin: newPin, type: 'device.pinChanged' }, signal, session =>
      inTurn(session, signal, card =>
        this.#attempt(session.id!, 'PIN', oldPin, () => card.changePin('user', oldPin, newPin)),
      ),
    )
  }

  /** New tries with the SO-PIN, and a new PIN if one is given. @throws HsmError NOT_FOUND, NO_DEVICE, SEALED */
  unblock(
    caller: Caller,
    device: string,
    { soPin, newPin }: { readonly soPin: Uint8Array; readonly newPin?: Uint8Array | undefined },
    signal: AbortSignal,
  ): Promise<PinAnswer> {
    return this.#set(caller, device, { pin: newPin, type: 'device.pinUnblocked' }, signal, session =>
      inTurn(session, signal, card =>
        this.#attempt(session.id!, 'SO-PIN', soPin, () => card.resetRetryCounter(soPin, newPin)),
      ),
    )
  }

  /** What is kept for a device that has this PIN from now on. */
  sealed(row: Row<'devices'>, pin: Uint8Array | undefined): Uint8Array | null {
    this.#refused.delete(row.path)
    return pin === undefined ? null : this.#vault.seal(placeOf(row), pin)
  }

  async #set(
    caller: Caller,
    device: string,
    { pin, type }: { readonly pin: Uint8Array | undefined; readonly type: string },
    signal: AbortSignal,
    present: (session: DeviceSession) => Promise<PinOutcome>,
  ): Promise<PinAnswer> {
    const { row } = this.#registry.device(caller, device)
    const session = await this.#registry.present(row)
    // Before anything is presented, so that a service that is sealed does not lose the new PIN.
    const sealed = row.pin !== null && pin !== undefined ? this.#vault.seal(placeOf(row), pin) : undefined
    const outcome = await present(session)
    const done = outcome.status === 'verified'
    const values = !done ? {} : sealed ? { pin: sealed, pin_refused: 0 } : row.pin ? { pin_refused: 0 } : {}
    await this.#registry.change(caller, row.id, {}, async () => ({
      values,
      type: done ? type : 'device.pinRefused',
      data: { ...outcome },
    }))
    if (done && session.state !== 'ready') await session.restart('its PIN was changed, and it comes up')
    else await this.#registry.refresh(caller, row.id, signal)
    return { ...answer(outcome), kept: done ? row.pin !== null : false }
  }

  /**
   * When its turn has come: who gives a PIN at the same time as another one may have spent a try on it already.
   *
   * @throws HsmError INVALID if this very PIN was refused before
   */
  async #attempt(
    path: string,
    what: 'PIN' | 'SO-PIN',
    pin: Uint8Array,
    present: () => Promise<PinOutcome>,
  ): Promise<PinOutcome> {
    const mark = createHmac('sha256', this.#mark).update(what).update(pin).digest('hex')
    const refused = this.#refused.get(path) ?? new Set()
    if (refused.has(mark))
      throw new HsmError('INVALID', `${path} has refused this very ${what}: it is not presented again`)
    const outcome = await present()
    if (outcome.status === 'wrongPin') this.#refused.set(path, refused.add(mark))
    if (outcome.status === 'verified') this.#refused.delete(path)
    return outcome
  }
}

function placeOf({ id }: Row<'devices'>): SealedPlace {
  return { table: 'devices', column: 'pin', row: id }
}

function answer(outcome: PinOutcome): Omit<PinAnswer, 'kept'> {
  const triesLeft = 'triesLeft' in outcome ? outcome.triesLeft : undefined
  return { status: outcome.status, words: lockWords(outcome), ...(triesLeft !== undefined && { triesLeft }) }
}
