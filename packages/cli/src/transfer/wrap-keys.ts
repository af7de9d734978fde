/** Keys of files, wrapped as a card would have done. */
import { type KeyEncryptionKey, type KeyMaterial, materialOfPrivateKey, wrapKey } from '@keytether/card'
import { importedKey, type TokenContent } from '@keytether/driver'
import type { KeyFiles, LabelledKey } from './key-files.ts'

/** @param label in place of its own, for the only key */
export function wrapKeys(
  keys: readonly LabelledKey[],
  issuers: KeyFiles['issuers'],
  kek: KeyEncryptionKey,
  label: string | undefined,
): TokenContent {
  return {
    keys: keys.map(key => importedKey({ ...key, blob: wrap(key, kek), label: label ?? key.label })),
    certificates: issuers.map(({ label, certificate }) => ({ number: 0, label, content: certificate })),
    data: [],
  }
}

/** The key is in the clear only here, and erased again. */
function wrap({ privateKey }: LabelledKey, kek: KeyEncryptionKey): Uint8Array {
  const material = materialOfPrivateKey(privateKey)
  try {
    return wrapKey(kek, { material, algorithms: new Uint8Array() })
  } finally {
    erase(material)
  }
}

/** The numbers of the curve are everybody's. */
function erase(material: KeyMaterial): void {
  const secret = material.kind === 'ec' ? [material.d] : Object.values(material)
  for (const number of secret) if (number instanceof Uint8Array) number.fill(0)
}
