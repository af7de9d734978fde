/**
 * Data keys: made here, wrapped under a key on tokens, and only ever handed out to who may decrypt with that key. Which
 * version each hangs on is recorded, so that it is known what an old version is still needed for.
 */
import { randomBytes } from 'node:crypto'
import { algorithm, publicKeyOf } from '@keytether/card'
import { DecodeError, decode, encode } from '@keytether/codec'
import { dataKeySize, EnvelopeError, mustBeDataKey, WrappedDataKey, withCheck } from '@keytether/envelope'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Keys } from '../keys/keys.ts'
import type { UsableKey } from '../keys/usable.ts'
import type { Caller } from '../principals/caller.ts'
import { hexId } from '../sessions/held-keys.ts'
import { newId } from '../store/ids.ts'
import { DataKeyRecords } from './data-key-records.ts'
import { unwrapUse, wrapUnderAes, wrapUnderRsa } from './data-key-wrapping.ts'
import { recordWrongAnswer, useOnMember } from './members.ts'

/** Names of keys: all decrypt, the first encrypts. */
export type KeyNames = readonly [string, ...string[]]

/** Which version of which key it was. */
export interface UsedKey {
  readonly key: string
  readonly version: number
}

export interface OpenDataKey extends UsedKey {
  /** In the clear: to be overwritten by whoever has it, when it is not needed any more. */
  readonly dataKey: Uint8Array
  readonly wrapped: WrappedDataKey
  /** The same in bytes. */
  readonly written: Uint8Array
}

export class DataKeys {
  readonly records: DataKeyRecords
  readonly #parts: Foundation & { readonly keys: Keys }

  constructor(parts: Foundation & { readonly keys: Keys }) {
    this.#parts = parts
    this.records = new DataKeyRecords(parts)
  }

  /**
   * Makes a data key under the first of the keys.
   *
   * @param reference what the caller calls that which it is for
   */
  async make(
    caller: Caller,
    [first]: KeyNames,
    reference: string | undefined,
    signal: AbortSignal,
  ): Promise<OpenDataKey> {
    const usable = this.#parts.keys.usable(caller, first, 'encrypt')
    const dataKey = new Uint8Array(randomBytes(dataKeySize))
    try {
      const wrapped = await this.#wrap(usable, newId('dk'), dataKey, signal)
      await this.records.made(wrapped, reference)
      return { dataKey, wrapped, written: encode(WrappedDataKey, wrapped), ...used(usable) }
    } catch (error) {
      dataKey.fill(0)
      throw error
    }
  }

  /** @param written a `WrappedDataKey` @throws HsmError as `open`, and INVALID if it is none */
  async openWritten(caller: Caller, names: KeyNames, written: Uint8Array, signal: AbortSignal): Promise<OpenDataKey> {
    let wrapped: WrappedDataKey
    try {
      wrapped = decode(WrappedDataKey, written)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      throw new HsmError('INVALID', `this is no wrapped data key: ${error.message}`, { cause: error })
    }
    return this.open(caller, names, wrapped, signal)
  }

  /** @throws HsmError NOT_FOUND if it is wrapped under none of the keys, NOT_AUTHENTIC */
  async open(caller: Caller, names: KeyNames, wrapped: WrappedDataKey, signal: AbortSignal): Promise<OpenDataKey> {
    const usable = await this.#under(caller, names, wrapped)
    const dataKey = await this.#unwrap(usable, wrapped, signal)
    await this.records.used(wrapped.dataKey, usable.version.id)
    return { dataKey, wrapped, written: encode(WrappedDataKey, wrapped), ...used(usable) }
  }

  /** Wraps a data key under the primary version of the first key. If it is so already, nothing is done. */
  async rewrap(caller: Caller, names: KeyNames, wrapped: WrappedDataKey, signal: AbortSignal) {
    const to = this.#parts.keys.usable(caller, names[0], 'encrypt')
    const from = await this.#under(caller, names, wrapped)
    if (from.version.id === to.version.id && wrapped.version === to.version.id) {
      return { wrapped, from: used(from), to: used(to) }
    }
    const dataKey = await this.#unwrap(from, wrapped, signal)
    try {
      const anew = await this.#wrap(to, wrapped.dataKey, dataKey, signal)
      await this.records.moved(wrapped.dataKey, from.version.id, to.version.id)
      return { wrapped: anew, from: used(from), to: used(to) }
    } finally {
      dataKey.fill(0)
    }
  }

  /** What is wrapped is unwrapped again before anybody counts on it, by another member if there is one. */
  async #wrap(usable: UsableKey, id: string, dataKey: Uint8Array, signal: AbortSignal): Promise<WrappedDataKey> {
    const { key, version, instances } = usable
    mustUnwrap(usable)
    const header = { dataKey: id, version: version.id, cardKey: Buffer.from(version.card_key_id!, 'hex') }
    if (key.kind === 'RSA') {
      const wrapped = wrapUnderRsa(publicKeyOf(version.public_key!), dataKey)
      return withCheck(dataKey, { ...header, wrapping: 'RSA_OAEP_SHA256', wrapped })
    }
    const { answer, device } = await useOnMember(this.#parts, usable, wrapUnderAes(dataKey), signal)
    const wrapped = withCheck(dataKey, { ...header, wrapping: 'AES_CBC', wrapped: answer })
    const others = new Map([...instances].filter(([id]) => id !== device))
    const again = await this.#unwrap({ ...usable, instances: others }, wrapped, signal).catch(error => {
      if (!(error instanceof HsmError) || error.code !== 'NO_DEVICE') throw error
      return this.#unwrap(usable, wrapped, signal)
    })
    again.fill(0)
    return wrapped
  }

  /** Before it is believed that it was changed, another member is asked: a token may be wrong, too. */
  async #unwrap(usable: UsableKey, wrapped: WrappedDataKey, signal: AbortSignal): Promise<Uint8Array> {
    const first = await useOnMember(this.#parts, usable, unwrapUse(wrapped), signal)
    const refusal = notDataKey(first.answer, wrapped)
    if (refusal === undefined) return first.answer
    const others = new Map([...usable.instances].filter(([id]) => id !== first.device))
    if (others.size === 0) throw refusal
    const second = await useOnMember(this.#parts, { ...usable, instances: others }, unwrapUse(wrapped), signal)
    if (notDataKey(second.answer, wrapped) !== undefined) throw refusal
    await recordWrongAnswer(this.#parts, usable, 'unwrap', first.device)
    return second.answer
  }

  /** The version that it is wrapped under: by its id, or where the service does not know that, by the key's id on the tokens. */
  async #under(caller: Caller, names: KeyNames, { dataKey, version, cardKey }: WrappedDataKey): Promise<UsableKey> {
    const rows = await this.#parts.store.db
      .selectFrom('key_versions')
      .innerJoin('keys', 'keys.id', 'key_versions.key_id')
      .select(['key_versions.id as id', 'key_versions.version', 'keys.id as key', 'keys.name'])
      .where('keys.tenant_id', '=', caller.tenant)
      .where(where => where.or([where('key_versions.id', '=', version), where('card_key_id', '=', hexId(cardKey))]))
      .orderBy('key_versions.created_at')
      .execute()
    const named = rows.filter(({ key, name }) => names.includes(name) || names.includes(key))
    const found = named.find(({ id }) => id === version) ?? named[0]
    if (found !== undefined) return this.#parts.keys.usable(caller, found.key, 'decrypt', found.version)
    const [other] = rows
    const hint = other
      ? `it is under version ${other.version} of ${other.name}: name that key as well`
      : 'no key here is its'
    throw new HsmError('NOT_FOUND', `${dataKey} is wrapped under none of ${names.join(', ')}; ${hint}`)
  }
}

/** @returns why it is none, which it then is no more */
function notDataKey(answer: Uint8Array, wrapped: WrappedDataKey): HsmError | undefined {
  try {
    mustBeDataKey(answer, wrapped)
    return undefined
  } catch (error) {
    answer.fill(0)
    if (!(error instanceof EnvelopeError)) throw error
    return new HsmError('NOT_AUTHENTIC', `${wrapped.dataKey}: ${error.message}`, { cause: error })
  }
}

function used({ key, version }: UsableKey): UsedKey {
  return { key: key.name, version: version.version }
}

/** What could be wrapped and never be unwrapped would be lost. */
function mustUnwrap({ key, instances }: UsableKey): void {
  if (key.kind === 'EC') {
    throw new HsmError('WRONG_SCHEME', `key ${key.name} is an EC key: data keys are wrapped under AES and RSA keys`)
  }
  const { aesCbcEncrypt, aesCbcDecrypt, rsaRawDecipher, rsaOaepDecipher } = algorithm
  for (const { algorithms } of instances.values()) {
    const allowed = (id: number) => algorithms.length === 0 || algorithms.includes(id)
    const sufficient =
      key.kind === 'AES'
        ? allowed(aesCbcEncrypt) && allowed(aesCbcDecrypt)
        : allowed(rsaRawDecipher) || allowed(rsaOaepDecipher)
    if (sufficient) continue
    const how = key.kind === 'AES' ? 'CBC encryption and decryption' : 'raw or OAEP decryption'
    throw new HsmError('KEY_NOT_USABLE', `key ${key.name} does not allow ${how}, which data keys need`)
  }
}
