/** Keys that were made outside a token, as if they had been on one. */
import { curveOf, publicKeyOf } from '@keytether/card'
import { describeNewKey } from '../descriptions.ts'
import { bitsOf, keyIdentifier } from '../key-info.ts'
import { withSubject } from '../objects.ts'
import type { StoredKey } from './content.ts'

export interface ImportedKey {
  /** See `KeyBlob`. */
  readonly blob: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly label: string
  /** X.509, DER. */
  readonly certificate?: Uint8Array | undefined
}

/** @throws DecodeError if it is not a public key that a card can have; RangeError if a description has no room for the label */
export function importedKey({ blob, publicKey, label, certificate }: ImportedKey): StoredKey {
  const key = publicKeyOf(publicKey)
  const curve = key.kind === 'ec' && key.domain ? curveOf(key.domain) : undefined
  const [id, bits] = [keyIdentifier(key), bitsOf(key)]
  const described = describeNewKey(0, { kind: key.kind, bits, id, label }, 'elsewhere')
  return {
    id,
    label,
    kind: key.kind === 'ec' ? 'EC' : 'RSA',
    bits,
    ...(curve && { curve: curve.name }),
    publicKey,
    blob,
    description: (certificate && withSubject(described, certificate)) ?? described,
    ...(certificate && { certificate }),
  }
}
