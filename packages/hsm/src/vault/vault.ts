/**
 * Secrets at rest. A data key seals them; the master key wraps the data key, so that the master key can be changed without touching
 * what is sealed. Neither is ever on the disk in the clear.
 */
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { decode, fromHex, toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import { type Derivation, type MasterKey, newDerivation, wrappingKey } from './master-key.ts'
import { type DataKey, type Place, Sealed, seal, unseal } from './sealed.ts'

/** - `new` nothing was ever sealed: the first master key that is given becomes the one · `sealed` · `open` */
export type VaultState = 'new' | 'sealed' | 'open'

/** What the settings hold, as JSON. */
interface Stored {
  readonly version: 1
  readonly derivation: Derivation
  /** `Sealed`, hexadecimal. */
  readonly dataKey: string
}

const setting = 'vault'
const dataKeyPlace: Place = { table: 'settings', column: 'value', row: setting }
/** After a wrong master key. */
const penaltyMs = 1_000

export class Vault {
  /** `open`: secrets can be opened from now on. */
  readonly events = new EventEmitter<{ open: [] }>()
  readonly #foundation: Foundation
  #stored: Stored | undefined
  #dataKey: DataKey | undefined
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(foundation: Foundation, stored: Stored | undefined) {
    this.#foundation = foundation
    this.#stored = stored
    this.events.setMaxListeners(0)
  }

  /**
   * @param master none: it stays sealed until somebody gives it
   * @throws HsmError `INVALID` if it is not the one
   */
  static async open(foundation: Foundation, master?: MasterKey): Promise<Vault> {
    const row = await foundation.store.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', setting)
      .executeTakeFirst()
    const vault = new Vault(foundation, row && JSON.parse(row.value))
    if (master !== undefined) await vault.#open(master)
    return vault
  }

  get state(): VaultState {
    if (this.#dataKey !== undefined) return 'open'
    return this.#stored === undefined ? 'new' : 'sealed'
  }

  /** @throws HsmError `SEALED` */
  seal(place: Place, secret: Uint8Array): Uint8Array {
    return seal(this.#demandKey(), place, secret)
  }

  /**
   * @param place where it was sealed for, and is
   * @throws HsmError `SEALED`, `DATABASE` when it was changed or moved
   */
  open(place: Place, sealed: Uint8Array): Uint8Array {
    const { key } = this.#demandKey()
    try {
      return unseal(key, place, sealed)
    } catch (cause) {
      const what = `${place.table}.${place.column} of ${place.row}`
      throw new HsmError('DATABASE', `what is sealed in ${what} was changed, or is of another vault`, { cause })
    }
  }

  /**
   * Gives the master key. One attempt at a time, and after a wrong one none for a second.
   *
   * @throws HsmError `INVALID` if it is not the one
   */
  unseal(caller: Caller, master: MasterKey): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.state
      await this.#recordingRefusal(caller, () => this.#open(master))
      if (before === 'open') return
      await this.#record('service.unsealed', caller)
    })
  }

  /**
   * What is sealed stays as it is. Where the service reads its master key from is changed by who runs it.
   *
   * @throws HsmError `INVALID` if `current` is not the one, `WRONG_STATE` when there is none yet
   */
  changeMasterKey(caller: Caller, current: MasterKey, next: MasterKey): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stored === undefined)
        throw new HsmError('WRONG_STATE', 'there is no master key yet; unseal with a new one')
      const before = this.#stored
      const dataKey = await this.#recordingRefusal(caller, () => unwrap(current, before))
      const stored = await wrap(next, dataKey)
      await this.#foundation.history.write(async db => {
        await db
          .updateTable('settings')
          .set({ value: JSON.stringify(stored) })
          .where('name', '=', setting)
          .execute()
        const happened = { tenant: null, subject: setting, actor: caller.principal }
        return { value: undefined, happened: [{ ...happened, type: 'service.master-key-changed' }] }
      })
      this.#stored = stored
      this.#opened(dataKey)
    })
  }

  async #open(master: MasterKey): Promise<void> {
    if (this.#stored !== undefined) return this.#opened(await unwrap(master, this.#stored))
    const dataKey = { id: new Uint8Array(randomBytes(4)), key: new Uint8Array(randomBytes(32)) }
    const stored = await wrap(master, dataKey)
    await this.#foundation.store.write(db =>
      db
        .insertInto('settings')
        .values({ name: setting, value: JSON.stringify(stored) })
        .execute(),
    )
    this.#stored = stored
    this.#opened(dataKey)
  }

  #opened(dataKey: DataKey): void {
    if (this.#dataKey !== undefined) return
    this.#dataKey = dataKey
    this.events.emit('open')
  }

  #demandKey(): DataKey {
    if (this.#dataKey !== undefined) return this.#dataKey
    throw new HsmError(
      'SEALED',
      'the service is sealed: an administrator gives the master key with keytether service unseal',
    )
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => setTimeout(penaltyMs, undefined, { ref: false }))
    return result
  }

  /** Who guesses is seen to. */
  async #recordingRefusal<T>(caller: Caller, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof HsmError && error.code === 'INVALID')
        await this.#record('service.master-key-refused', caller)
      throw error
    }
  }

  async #record(type: string, { principal }: Caller): Promise<void> {
    await this.#foundation.history.record({ tenant: null, type, subject: setting, actor: principal })
  }
}

async function wrap(master: MasterKey, dataKey: DataKey): Promise<Stored> {
  const derivation = newDerivation(master)
  const key = (await wrappingKey(master, derivation))!
  return { version: 1, derivation, dataKey: toHex(seal({ id: dataKey.id, key }, dataKeyPlace, dataKey.key)) }
}

/** @throws HsmError `INVALID` */
async function unwrap(master: MasterKey, { derivation, dataKey }: Stored): Promise<DataKey> {
  const sealed = fromHex(dataKey)
  const key = await wrappingKey(master, derivation)
  if (key === undefined) {
    const wanted = derivation.algorithm === 'argon2id' ? 'a passphrase' : 'a key of 32 bytes'
    throw new HsmError('INVALID', `the master key of this database is ${wanted}, something else was given`)
  }
  try {
    return { id: decode(Sealed, sealed).keyId, key: unseal(key, dataKeyPlace, sealed) }
  } catch (cause) {
    throw new HsmError('INVALID', 'this is not the master key of this database', { cause })
  }
}
