/**
 * The hash functions of the card's RSA algorithms. Where a hash is given without the name of its function, its length tells.
 *
 * @see RFC 8017, 9.2, note 1
 * @module
 */
import { fromHex } from '@keytether/codec'

export interface HashFunction {
  /** As `node:crypto` calls it. */
  readonly name: string
  /** Bytes of a hash. */
  readonly size: number
  /** What comes before the hash in a DigestInfo, DER. */
  readonly digestInfoPrefix: Uint8Array
}

export const hashFunctions: readonly HashFunction[] = [
  { name: 'sha1', size: 20, digestInfoPrefix: fromHex('3021300906052b0e03021a05000414') },
  { name: 'sha224', size: 28, digestInfoPrefix: fromHex('302d300d06096086480165030402040500041c') },
  { name: 'sha256', size: 32, digestInfoPrefix: fromHex('3031300d060960864801650304020105000420') },
  { name: 'sha384', size: 48, digestInfoPrefix: fromHex('3041300d060960864801650304020205000430') },
  { name: 'sha512', size: 64, digestInfoPrefix: fromHex('3051300d060960864801650304020305000440') },
]
