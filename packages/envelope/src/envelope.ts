/** Envelopes: a header with a wrapped data key, and what is encrypted under that key. */
import { randomBytes } from 'node:crypto'
import { concat, decode, encode } from '@keytether/codec'
import { openChunks, sealChunks } from './chunks.ts'
import { mustBeDataKey, payloadContext, payloadKey } from './data-key.ts'
import { EnvelopeHeader, headerLength, headerStart, saltSize } from './envelope-header.ts'
import { EnvelopeError } from './errors.ts'
import { type Bytes, Front } from './pieces.ts'
import type { WrappedDataKey } from './wrapped-data-key.ts'

/** What a data key is good for. The data key stays the caller's, who overwrites it. */
export interface PayloadOptions {
  readonly dataKey: Uint8Array
  /** Authenticated, not stored: whoever opens the envelope has to have the same. Default none. */
  readonly associatedData?: Uint8Array | undefined
}

/** @throws EnvelopeError WRONG_KEY if `wrapped` is not the wrapped form of the data key */
export async function* sealEnvelope(
  wrapped: WrappedDataKey,
  { dataKey, associatedData = new Uint8Array() }: PayloadOptions,
  payload: Bytes,
): AsyncGenerator<Uint8Array> {
  mustBeDataKey(dataKey, wrapped)
  const header = { dataKey: wrapped, salt: new Uint8Array(randomBytes(saltSize)) }
  const key = payloadKey(dataKey, header)
  try {
    yield encode(EnvelopeHeader, header)
    yield* sealChunks(key, payloadContext(header, associatedData), payload)
  } finally {
    key.fill(0)
  }
}

/** An envelope whose header was read. */
export interface ReadEnvelope {
  readonly header: EnvelopeHeader
  /** The payload, as it was read: still sealed. */
  readonly sealed: AsyncGenerator<Uint8Array>
  /**
   * Each part that it yields is authentic; the whole is only when it ends without throwing.
   *
   * @throws EnvelopeError
   */
  open(options: PayloadOptions): AsyncGenerator<Uint8Array>
}

/** @throws DecodeError if this is no envelope, EnvelopeError CUT_SHORT if it ends within the header */
export async function readEnvelope(source: Bytes): Promise<ReadEnvelope> {
  const front = new Front(source)
  const start = await front.take(headerStart)
  const length = headerLength(start)
  const rest = await front.take(length - headerStart)
  if (rest.length < length - headerStart) throw new EnvelopeError('CUT_SHORT', 'the end of the envelope is missing')
  const header = decode(EnvelopeHeader, concat(start, rest))
  const sealed = front.rest()
  return { header, sealed, open: options => open(header, options, sealed) }
}

async function* open(
  header: EnvelopeHeader,
  { dataKey, associatedData = new Uint8Array() }: PayloadOptions,
  sealed: Bytes,
): AsyncGenerator<Uint8Array> {
  mustBeDataKey(dataKey, header.dataKey)
  const key = payloadKey(dataKey, header)
  try {
    yield* openChunks(key, payloadContext(header, associatedData), sealed)
  } finally {
    key.fill(0)
  }
}
