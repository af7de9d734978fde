/** Payloads of any length, encrypted under data keys: AES-GCM in the service, the key that the data keys hang on in tokens. */
import { DecodeError, decode, encode } from '@keytether/codec'
import {
  type Bytes,
  EnvelopeError,
  EnvelopeHeader,
  readEnvelope,
  sealEnvelope,
  WrappedDataKey,
} from '@keytether/envelope'
import { HsmError } from '../errors.ts'
import type { Caller } from '../principals/caller.ts'
import type { DataKeys, KeyNames, UsedKey } from './data-keys.ts'

export interface SealOptions {
  /** Authenticated, not stored. */
  readonly associatedData?: Uint8Array | undefined
  /** What the caller calls that which is encrypted, for the report of what hangs on a key. */
  readonly reference?: string | undefined
}

export class Envelopes {
  readonly #dataKeys: DataKeys

  constructor(dataKeys: DataKeys) {
    this.#dataKeys = dataKeys
  }

  /** When it resolves, the data key is wrapped and recorded; the payload is read as the envelope is. */
  async seal(
    caller: Caller,
    keys: KeyNames,
    payload: Bytes,
    { associatedData, reference }: SealOptions,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly id: string; readonly envelope: AsyncGenerator<Uint8Array> }> {
    const { dataKey, wrapped, key, version } = await this.#dataKeys.make(caller, keys, reference, signal)
    const envelope = erasing(dataKey, sealEnvelope(wrapped, { dataKey, associatedData }, payload))
    return { key, version, id: wrapped.dataKey, envelope }
  }

  /**
   * When it resolves, the beginning of the payload is authentic; the whole is when it ends without throwing.
   *
   * @throws HsmError also NOT_AUTHENTIC
   */
  async open(
    caller: Caller,
    keys: KeyNames,
    envelope: Bytes,
    { associatedData }: Pick<SealOptions, 'associatedData'>,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly id: string; readonly payload: AsyncGenerator<Uint8Array> }> {
    const { header, open } = await translated(() => readEnvelope(envelope))
    const { dataKey, wrapped, key, version } = await this.#dataKeys.open(caller, keys, header.dataKey, signal)
    const parts = erasing(dataKey, open({ dataKey, associatedData }))
    const first = await translated(() => parts.next())
    return { key, version, id: wrapped.dataKey, payload: from(first, parts) }
  }

  /**
   * Wraps the data key of an envelope under the first key. The payload is not looked at.
   *
   * @param bytes an envelope, its header alone, or a wrapped data key
   * @returns as much as was given
   */
  async rewrap(caller: Caller, keys: KeyNames, bytes: Uint8Array, signal: AbortSignal) {
    if (bytes[2] === keyMark) {
      const before = await translated(async () => decode(WrappedDataKey, bytes))
      const { wrapped, ...moved } = await this.#dataKeys.rewrap(caller, keys, before, signal)
      return { ...moved, id: wrapped.dataKey, bytes: encode(WrappedDataKey, wrapped) }
    }
    const { header, sealed } = await translated(() => readEnvelope([bytes]))
    const { wrapped, ...moved } = await this.#dataKeys.rewrap(caller, keys, header.dataKey, signal)
    const parts: Uint8Array[] = [encode(EnvelopeHeader, { ...header, dataKey: wrapped })]
    for await (const part of sealed) parts.push(part)
    return { ...moved, id: wrapped.dataKey, bytes: new Uint8Array(Buffer.concat(parts)) }
  }
}

/** KTK and not KTE. */
const keyMark = 'K'.charCodeAt(0)

/** The data key is overwritten when the last was read, or nobody reads on. */
async function* erasing(dataKey: Uint8Array, parts: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* parts
  } finally {
    dataKey.fill(0)
  }
}

async function* from(first: IteratorResult<Uint8Array>, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await translated(() => rest.next())) yield next.value
  } finally {
    await rest.return(undefined)
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EnvelopeError) throw new HsmError('NOT_AUTHENTIC', error.message, { cause: error })
    if (error instanceof DecodeError)
      throw new HsmError('INVALID', `this is no envelope: ${error.message}`, { cause: error })
    throw error
  }
}
