/**
 * Secrets at rest. A data key seals them; the master key wraps the data key, so that the master key can be changed without touching
 * what is sealed. Neither is ever on the disk in the clear.
 */
import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { decode, equal, fromHex, toHex } from '@keytether/codec'
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import { type Derivation, type MasterKey, newDerivation, wrappingKey } from './master-key.ts'
import type { SealedPlace } from './places.ts'
import { resealAll } from './reseal.ts'
import { type DataKey, type Place, Sealed, seal, unseal } from './sealed.ts'

/** - `new` nothing was ever sealed: the first master key that is given becomes the one · `sealed` · `open` */
export type VaultState = 'new' | 'sealed' | 'open'

/** What the settings hold, as JSON. */
interface Stored {
  readonly version: 1
  readonly derivation: Derivation
  /** `Sealed`, hexadecimal. */
  readonly dataKey: string
  /** The ones before it, under which something may still be sealed. */
  readonly former?: readonly string[]
}

/** The first one seals; all of them open. */
type DataKeys = readonly [DataKey, ...DataKey[]]

const setting = 'vault'
const dataKeyPlace: Place = { table: 'settings', column: 'value', row: setting }
/** After a wrong master key. */
const penaltyMs = 1_000

export class Vault {
  /** `open`: secrets can be opened from now on. */
  readonly events = new EventEmitter<{ open: [] }>()
  readonly #foundation: Foundation
  #stored: Stored | undefined
  #dataKeys: DataKeys | undefined
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
    const vault = new Vault(foundation, await storedIn(foundation.store))
    if (master !== undefined) await vault.#open(master)
    return vault
  }

  get state(): VaultState {
    if (this.#dataKeys !== undefined) return 'open'
    return this.#stored === undefined ? 'new' : 'sealed'
  }

  /** @throws HsmError `SEALED` */
  seal(place: SealedPlace, secret: Uint8Array): Uint8Array {
    return seal(this.#demandKeys()[0], place, secret)
  }

  /**
   * @param place where it was sealed for, and is
   * @throws HsmError `SEALED`, `DATABASE` when it was changed or moved
   */
  open(place: Place, sealed: Uint8Array): Uint8Array {
    const keys = this.#demandKeys()
    try {
      return unsealWith(keys, place, sealed)
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
      const keys = await this.#recordingRefusal(caller, () => unwrap(current, this.#stored!))
      await this.#change(await wrap(next, keys), 'service.master-key-changed', caller)
      await this.#opened(keys)
    })
  }

  /**
   * Seals everything anew, under a data key that nobody has seen. What is left when the process ends meanwhile is done when the vault is
   * opened again; until then both keys are kept, since something may just have been sealed under the one before.
   *
   * @returns how many secrets were sealed anew
   * @throws HsmError `INVALID` if `master` is not the one, `WRONG_STATE` when there is none yet
   */
  rotateDataKey(caller: Caller, master: MasterKey): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#stored === undefined)
        throw new HsmError('WRONG_STATE', 'there is no master key yet; unseal with a new one')
      const before = await this.#recordingRefusal(caller, () => unwrap(master, this.#stored!))
      const keys: DataKeys = [newDataKey(), ...before]
      await this.#change(await wrap(master, keys), 'service.data-key-changed', caller)
      const wasOpen = this.#dataKeys !== undefined
      this.#dataKeys = keys
      if (!wasOpen) this.events.emit('open')
      return resealAll(this.#foundation.store, keys)
    })
  }

  async #open(master: MasterKey): Promise<void> {
    if (this.#stored !== undefined) return this.#opened(await unwrap(master, this.#stored))
    const keys: DataKeys = [newDataKey()]
    const stored = await wrap(master, keys)
    await this.#foundation.store.write(db =>
      db
        .insertInto('settings')
        .values({ name: setting, value: JSON.stringify(stored) })
        .execute(),
    )
    this.#stored = stored
    await this.#opened(keys)
  }

  async #opened(keys: DataKeys): Promise<void> {
    if (this.#dataKeys !== undefined) return
    const [dataKey, ...former] = keys
    if (former.length > 0) await this.#forgetFormer(keys)
    this.#dataKeys = [dataKey]
    this.events.emit('open')
  }

  /** Before anything else is sealed, so that there is nothing left under them. */
  async #forgetFormer(keys: DataKeys): Promise<void> {
    const { store } = this.#foundation
    await resealAll(store, keys)
    const { former: _, ...stored } = this.#stored!
    await store.write(db => update(db, stored))
    this.#stored = stored
  }

  async #change(stored: Stored, type: string, { principal }: Caller): Promise<void> {
    await this.#foundation.history.write(async db => {
      await update(db, stored)
      return { value: undefined, happened: [{ tenant: null, type, subject: setting, actor: principal }] }
    })
    this.#stored = stored
  }

  #demandKeys(): DataKeys {
    if (this.#dataKeys !== undefined) return this.#dataKeys
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

/**
 * To look at what a vault holds, of which nothing is changed.
 *
 * @returns `sealed` without a master key; undefined: nothing was ever sealed. What is opened is undefined if it cannot be
 * @throws HsmError `INVALID` if it is not the one
 */
export async function dataKeyOpener(
  store: Store,
  master: MasterKey | undefined,
): Promise<((place: Place, sealed: Uint8Array) => Uint8Array | undefined) | 'sealed' | undefined> {
  const stored = await storedIn(store)
  if (stored === undefined) return undefined
  if (master === undefined) return 'sealed'
  const keys = await unwrap(master, stored)
  return (place, sealed) => {
    try {
      return unsealWith(keys, place, sealed)
    } catch {
      return undefined
    }
  }
}

/** @throws if none of the keys opens it there */
function unsealWith(keys: DataKeys, place: Place, sealed: Uint8Array): Uint8Array {
  const { keyId } = decode(Sealed, sealed)
  // One that is not known does not open it: the first says so as well as any.
  const { key } = keys.find(({ id }) => equal(id, keyId)) ?? keys[0]
  return unseal(key, place, sealed)
}

async function storedIn({ db }: Store): Promise<Stored | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', setting).executeTakeFirst()
  return row && JSON.parse(row.value)
}

function newDataKey(): DataKey {
  return { id: new Uint8Array(randomBytes(4)), key: new Uint8Array(randomBytes(32)) }
}

async function update(db: Transaction<Tables>, stored: Stored): Promise<void> {
  const value = JSON.stringify(stored)
  await db.updateTable('settings').set({ value }).where('name', '=', setting).execute()
}

async function wrap(master: MasterKey, [dataKey, ...former]: DataKeys): Promise<Stored> {
  const derivation = newDerivation(master)
  const key = (await wrappingKey(master, derivation))!
  const wrapped = ({ id, key: secret }: DataKey) => toHex(seal({ id, key }, dataKeyPlace, secret))
  return {
    version: 1,
    derivation,
    dataKey: wrapped(dataKey),
    ...(former.length > 0 && { former: former.map(wrapped) }),
  }
}

/** @throws HsmError `INVALID` */
async function unwrap(master: MasterKey, { derivation, dataKey, former = [] }: Stored): Promise<DataKeys> {
  const key = await wrappingKey(master, derivation)
  if (key === undefined) {
    const wanted = derivation.algorithm === 'argon2id' ? 'a passphrase' : 'a key of 32 bytes'
    throw new HsmError('INVALID', `the master key of this database is ${wanted}, something else was given`)
  }
  const open = (text: string): DataKey => {
    const sealed = fromHex(text)
    return { id: decode(Sealed, sealed).keyId, key: unseal(key, dataKeyPlace, sealed) }
  }
  try {
    return [open(dataKey), ...former.map(open)]
  } catch (cause) {
    throw new HsmError('INVALID', 'this is not the master key of this database', { cause })
  }
}
