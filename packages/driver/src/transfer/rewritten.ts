/** Descriptions of objects that get another number. */
import { PrivateKeyDescription } from '@keytether/card'
import { type Codec, DecodeError, decode, encode, equal } from '@keytether/codec'
import type { StoredKey } from './content.ts'

/**
 * The key with a description that names its reference, if it named one before. What of a description we would not write again
 * as it is stays: programs do not go by the reference in it.
 */
export function describedUnder(key: StoredKey, reference: number): StoredKey {
  const { description } = key
  if (description === undefined || reference === key.reference) return key
  const changed = rewritten(PrivateKeyDescription, description, { keyReference: reference })
  const back = changed && rewritten(PrivateKeyDescription, changed, { keyReference: key.reference })
  return back && equal(back, description) ? { ...key, description: changed } : key
}

/** A description with other fields; undefined if it is not understood. */
export function rewritten<T extends object>(
  codec: Codec<T>,
  description: Uint8Array,
  fields: Partial<T>,
): Uint8Array | undefined {
  try {
    return encode(codec, { ...decode(codec, description, { lengths: 'any' }), ...fields })
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
