/** Keys of a file, wrapped as a card would have done. */
import { type KeyEncryptionKey, type KeyMaterial, materialOfPrivateKey, wrapKey } from '@keytether/card'
import type { KeyFile, KeyFileKey } from '@keytether/custody'
import { importedKey, type TokenContent } from '@keytether/driver'

/** @param label for the only key of the file */
export function wrapKeyFile(
  { keys, issuers }: KeyFile,
  kek: KeyEncryptionKey,
  label: string | undefined,
): TokenContent {
  return {
    keys: keys.map((key, index) =>
      importedKey({
        blob: wrap(key, kek),
        publicKey: key.publicKey,
        label: label ?? key.label ?? `imported ${index + 1}`,
        certificate: key.certificate,
      }),
    ),
    certificates: issuers.map(({ label, certificate }) => ({ number: 0, label, content: certificate })),
    data: [],
  }
}

/** The key is in the clear only here, and erased again. */
function wrap({ privateKey }: KeyFileKey, kek: KeyEncryptionKey): Uint8Array {
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
