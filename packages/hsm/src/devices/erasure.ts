/** What erasing a device would lose, by name, and a value that stands for exactly that. */
import { createHash } from 'node:crypto'
import { toHex } from '@keytether/codec'
import type { PinStatus, SmartCardHsm } from '@keytether/driver'
import { hexId } from '../sessions/held-keys.ts'

export interface Erasure {
  readonly label: string
  readonly keys: readonly {
    readonly reference: number
    /** PKCS #15 iD, upper-case hexadecimal. */
    readonly id: string
    readonly label: string
    readonly type: string
    /** SHA-256 of the public key's point or modulus; absent for secret keys. */
    readonly fingerprint?: string
  }[]
  readonly certificates: readonly string[]
  readonly data: readonly string[]
  readonly keyDomains: readonly string[]
  /** Keys of custodians that are registered. */
  readonly custodians: number
  readonly soPin: PinStatus
  /** The same in words, a line each; none if nothing would be lost. */
  readonly words: readonly string[]
  /** To be given with what erases: of anything else that there is by then, nothing is erased. */
  readonly confirmation: string
}

export async function readErasure(card: SmartCardHsm): Promise<Erasure> {
  const { label, keys, certificates, data, keyDomains } = await card.inventory()
  const authentication = await card.authentication.status()
  const soPin = await card.pinStatus('so')
  const lost = {
    label,
    keys: keys.map(({ reference, id, label, kind, curve, bits, publicKey }) => ({
      reference,
      id: hexId(id),
      label,
      type: `${kind} ${curve ?? bits}`,
      ...(publicKey && { fingerprint: sha256(publicKey.kind === 'rsa' ? publicKey.n : publicKey.q) }),
    })),
    certificates: certificates.map(one => one.label),
    data: data.map(one => one.label),
    keyDomains: keyDomains.map(
      ({ index, shares, outstanding, keyCheckValue }) =>
        `${index}: ${outstanding > 0 ? `misses ${outstanding} of ${shares} shares` : hexId(keyCheckValue)}`,
    ),
    custodians: authentication ? authentication.total - authentication.missing : 0,
  }
  const confirmation = sha256(new TextEncoder().encode(JSON.stringify([card.identity.path, lost]))).slice(0, 24)
  return { ...lost, soPin, words: wordsOf(lost), confirmation }
}

type Lost = Omit<Erasure, 'soPin' | 'words' | 'confirmation'>

function wordsOf({ keys, certificates, data, keyDomains, custodians }: Lost): string[] {
  return [
    ...keys.map(key => `key ${key.reference}, ${JSON.stringify(key.label)} (${key.type})`),
    ...certificates.map(label => `certificate ${JSON.stringify(label)}`),
    ...data.map(label => `data object ${JSON.stringify(label)}`),
    ...keyDomains.map(domain => `key domain ${domain}`),
    ...(custodians > 0 ? [`${custodians} registered keys of custodians`] : []),
  ]
}

function sha256(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest())
}
