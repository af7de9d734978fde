/**
 * What is computed with a data key.
 *
 * @see RFC 2104 (HMAC), RFC 5869 (HKDF)
 * @module
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { encode } from '@keytether/codec'
import type { EnvelopeHeader } from './envelope-header.ts'
import { EnvelopeError } from './errors.ts'
import { type WrappedDataKey, WrappedDataKeyHeader } from './wrapped-data-key.ts'

/** Bytes of a data key: AES-256. */
export const dataKeySize = 32

/** Adds the check value with which a wrapped data key is told from a changed one. */
export function withCheck(dataKey: Uint8Array, header: WrappedDataKeyHeader): WrappedDataKey {
  return { ...header, check: checkValue(dataKey, header) }
}

/** @throws EnvelopeError WRONG_KEY if this is not the data key that was wrapped, or anything in the header is changed */
export function mustBeDataKey(dataKey: Uint8Array, wrapped: WrappedDataKey): void {
  if (dataKey.length === dataKeySize && timingSafeEqual(checkValue(dataKey, wrapped), wrapped.check)) return
  throw new EnvelopeError('WRONG_KEY', 'the wrapped data key was changed, or wrapped under another key')
}

function checkValue(dataKey: Uint8Array, header: WrappedDataKeyHeader): Uint8Array {
  return new Uint8Array(
    createHmac('sha256', dataKey).update('keytether data key v1').update(encode(WrappedDataKeyHeader, header)).digest(),
  )
}

/** The key of one envelope's payload. */
export function payloadKey(dataKey: Uint8Array, { salt }: EnvelopeHeader): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', dataKey, salt, 'keytether payload v1', 32))
}

/** What every chunk is authenticated together with: whose payload it is, and the caller's associated data. */
export function payloadContext({ dataKey, salt }: EnvelopeHeader, associatedData: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update('keytether payload v1').update(dataKey.dataKey).update(salt)
  return new Uint8Array(hash.update(associatedData).digest())
}
