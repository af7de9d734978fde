/** Keys on a card, as people name them and as commands show them. */
import type { KeyDomainInfo, KeyInfo, SmartCardHsm } from '@keytether/driver'
import { algorithmNames, nameOf } from './algorithms.ts'
import { CliError } from './errors.ts'
import { printable } from './output.ts'

/** @param name label, PKCS #15 iD in hexadecimal, or key reference */
export async function findKey(card: SmartCardHsm, name: string): Promise<KeyInfo> {
  const { keys } = await card.inventory()
  const found = keys.filter(
    key => key.label === name || keyId(key) === name.toUpperCase() || String(key.reference) === name,
  )
  const [key, ...more] = found
  if (key === undefined) {
    throw new CliError('notFound', `there is no key ${name}`, [
      keys.length > 0
        ? `there is ${keys.map(known => printable(known.label || keyId(known))).join(', ')}`
        : 'there are no keys',
    ])
  }
  if (more.length === 0) return key
  const references = found.map(({ reference }) => reference)
  throw new CliError('usage', `${name} is the name of several keys`, [`use the reference: ${references.join(', ')}`])
}

/** References under which there are files but no key: what is left of a deletion or a copy that was cut short. */
export async function leftReferences(card: SmartCardHsm): Promise<number[]> {
  const { filePrefix } = await import('@keytether/card')
  const fids = await card.files.list()
  const numbers = (...prefixes: number[]) => fids.filter(fid => prefixes.includes(fid >> 8)).map(fid => fid & 0xff)
  const keys = numbers(filePrefix.key)
  const left = numbers(filePrefix.keyDescription, filePrefix.keyCertificate).filter(number => !keys.includes(number))
  return [...new Set(left)].sort((a, b) => a - b)
}

export async function findAesKey(card: SmartCardHsm, name: string): Promise<KeyInfo> {
  const key = await findKey(card, name)
  if (key.kind !== 'AES') throw new CliError('usage', `${key.label} is no AES key`)
  return key
}

export function keyId(key: KeyInfo): string {
  return Buffer.from(key.id).toString('hex').toUpperCase()
}

interface TypeOfKey extends Pick<KeyInfo, 'kind' | 'bits'> {
  readonly curve?: string | undefined
}

/** Type and size in words: `EC secp256r1`, `RSA 2048`. */
export function keyType({ kind, curve, bits }: TypeOfKey): string {
  return `${kind} ${curve ?? (bits || '?')}`
}

/** Under which key domain a key can leave the card, or why it cannot. */
async function exportOf(
  { algorithms, keyDomain }: KeyInfo,
  domains: readonly KeyDomainInfo[],
): Promise<{ readonly domain: number; readonly complete: boolean } | { readonly reason: string }> {
  const { algorithm } = await import('@keytether/card')
  if (algorithms.length > 0 && !algorithms.includes(algorithm.wrap)) return { reason: 'not among its algorithms' }
  // A key that was made without naming a domain is in the first one.
  const index = keyDomain ?? 0
  const domain = domains.find(each => each.index === index)
  if (domain === undefined) return { reason: 'the device has no such key domain' }
  return { domain: index, complete: domain.keyCheckValue.some(byte => byte !== 0) }
}

/** The same in words, to stand in a list. */
export async function exportWords(key: KeyInfo, domains: readonly KeyDomainInfo[]): Promise<string> {
  const found = await exportOf(key, domains)
  if ('reason' in found) return 'no'
  return `domain ${found.domain}${found.complete ? '' : ', once it has its key'}`
}

/** A key in JSON. */
export async function keyDocument(key: KeyInfo, domains: readonly KeyDomainInfo[]): Promise<Record<string, unknown>> {
  const names = await algorithmNames()
  return {
    reference: key.reference,
    id: keyId(key),
    label: key.label,
    type: key.kind,
    bits: key.bits,
    curve: key.curve,
    certificate: key.certificateKind,
    useCounter: key.useCounter,
    algorithms: key.algorithms.length > 0 ? key.algorithms.map(id => nameOf(names, id)) : undefined,
    keyDomain: key.keyDomain,
    exportable: 'domain' in (await exportOf(key, domains)),
    warnings: key.warnings.length > 0 ? key.warnings : undefined,
  }
}
