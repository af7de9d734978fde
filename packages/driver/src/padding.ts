/**
 * RSA padding on this side of the card.
 *
 * @see RFC 8017, 7.1.2 (OAEP), 7.2.2 (PKCS #1 v1.5 decryption), 9.2 (PKCS #1 v1.5 signatures)
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { hashFunctions } from '@keytether/card'
import { concat } from '@keytether/codec'

/**
 * The hash with the name of its function, SHA-1 or SHA-2 by its length.
 *
 * @throws RangeError if no such function gives a hash of this length
 */
export function digestInfo(hash: Uint8Array): Uint8Array {
  const known = hashFunctions.find(({ size }) => size === hash.length)
  if (known === undefined) {
    throw new RangeError(
      `wanted a hash of ${hashFunctions.map(({ size }) => size).join(', ')} bytes, got ${hash.length}`,
    )
  }
  return concat(known.digestInfoPrefix, hash)
}

/** 00 01 FF … FF 00 and the DigestInfo, as long as the modulus. */
export function pkcs1Signature(info: Uint8Array, length: number): Uint8Array {
  const filling = length - 3 - info.length
  if (filling < 8) throw new RangeError(`a modulus of ${length} bytes is too short for this hash`)
  return concat(Uint8Array.of(0x00, 0x01), new Uint8Array(filling).fill(0xff), Uint8Array.of(0x00), info)
}

/** What is behind 00 02 and at least eight bytes that are not zero; nothing if the block is not so. */
export function removePkcs1(block: Uint8Array): Uint8Array | undefined {
  let separator = 0
  // Goes over the whole block, wherever the separator is, so that the time tells little of it.
  for (let i = block.length - 1; i >= 2; i--) if (block[i] === 0) separator = i
  const good = block[0] === 0x00 && block[1] === 0x02 && separator >= 10
  return good ? block.slice(separator + 1) : undefined
}

/** The message in an OAEP block, whose mask generation function uses the same hash; nothing if the block is not so. */
export function removeOaep(
  block: Uint8Array,
  hash: string,
  label: Uint8Array = new Uint8Array(),
): Uint8Array | undefined {
  const labelHash = createHash(hash).update(label).digest()
  const size = labelHash.length
  if (block.length < 2 * size + 2) return undefined
  const maskedSeed = block.subarray(1, 1 + size)
  const maskedData = block.subarray(1 + size)
  const seed = masked(maskedSeed, maskedData, hash)
  const data = masked(maskedData, seed, hash)
  let start = data.length
  for (let i = data.length - 1; i >= size; i--) if (data[i] !== 0) start = i
  const good = [timingSafeEqual(data.subarray(0, size), labelHash), block[0] === 0x00, data[start] === 0x01]
  return good.includes(false) ? undefined : data.slice(start + 1)
}

/** The bytes with the mask that MGF1 makes of the seed. */
function masked(bytes: Uint8Array, seed: Uint8Array, hash: string): Uint8Array {
  const result = bytes.slice()
  let mask = new Uint8Array()
  for (let counter = 0; mask.length < bytes.length; counter++) {
    const index = Uint8Array.of(counter >>> 24, (counter >>> 16) & 0xff, (counter >>> 8) & 0xff, counter & 0xff)
    mask = concat(mask, createHash(hash).update(seed).update(index).digest())
  }
  for (let i = 0; i < result.length; i++) result[i]! ^= mask[i]!
  return result
}
