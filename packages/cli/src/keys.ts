/** Keys on a card, as people name them and as commands show them. */
import type { KeyInfo, SmartCardHsm } from '@keytether/driver'
import { CliError } from './errors.ts'

/** @param name label, PKCS #15 iD in hexadecimal, or key reference */
export async function findKey(card: SmartCardHsm, name: string): Promise<KeyInfo> {
  const { keys } = await card.inventory()
  const found = keys.filter(
    key => key.label === name || keyId(key) === name.toUpperCase() || String(key.reference) === name,
  )
  const [key, ...more] = found
  if (key === undefined) {
    throw new CliError('notFound', `there is no key ${name}`, [
      keys.length > 0 ? `there is ${keys.map(known => known.label || keyId(known)).join(', ')}` : 'there are no keys',
    ])
  }
  if (more.length === 0) return key
  const references = found.map(({ reference }) => reference)
  throw new CliError('usage', `${name} is the name of several keys`, [`use the reference: ${references.join(', ')}`])
}

export function keyId(key: KeyInfo): string {
  return Buffer.from(key.id).toString('hex').toUpperCase()
}

/** Type and size in words: `EC secp256r1`, `RSA 2048`. */
export function keyType({ kind, curve, bits }: KeyInfo): string {
  return `${kind} ${curve ?? (bits || '?')}`
}

/** A key in JSON. */
export function keyDocument(key: KeyInfo): Record<string, unknown> {
  return {
    reference: key.reference,
    id: keyId(key),
    label: key.label,
    type: key.kind,
    bits: key.bits,
    curve: key.curve,
    certificate: key.certificateKind,
    useCounter: key.useCounter,
    algorithms: key.algorithms.length > 0 ? key.algorithms : undefined,
    keyDomain: key.keyDomain,
    warnings: key.warnings.length > 0 ? key.warnings : undefined,
  }
}
