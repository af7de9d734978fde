/** What an initialisation erases, by name. */
import type { SmartCardHsm } from '@keytether/driver'
import { domainWords } from '../../key-domains.ts'
import { exportWords, keyType } from '../../keys.ts'
import { printable } from '../../output.ts'

export interface Erased {
  readonly label: string
  readonly keys: readonly {
    readonly reference: number
    readonly label: string
    readonly type: string
    /** The domain under which it could be saved; `no` if it cannot. */
    readonly export: string
  }[]
  readonly certificates: readonly string[]
  readonly data: readonly string[]
  readonly keyDomains: readonly string[]
  /** Keys of custodians that are registered. */
  readonly custodians: number
}

export async function erased(device: SmartCardHsm): Promise<Erased> {
  const { label, keys, certificates, data, keyDomains } = await device.inventory()
  const authentication = await device.authentication.status()
  return {
    label,
    keys: await Promise.all(
      keys.map(async key => ({
        reference: key.reference,
        label: key.label,
        type: keyType(key),
        export: await exportWords(key, keyDomains),
      })),
    ),
    certificates: certificates.map(each => each.label),
    data: data.map(each => each.label),
    keyDomains: await Promise.all(keyDomains.map(async domain => `${domain.index}: ${await domainWords(domain)}`)),
    custodians: authentication ? authentication.total - authentication.missing : 0,
  }
}

export function erasedLines({ keys, certificates, data, keyDomains, custodians }: Erased): string[] {
  return [
    ...keys.map(key => `key ${key.reference}, ${printable(key.label)} (${key.type}), ${exportMeaning(key.export)}`),
    ...certificates.map(label => `certificate ${printable(label)}`),
    ...data.map(label => `data object ${printable(label)}`),
    ...keyDomains.map(words => `key domain ${words}`),
    ...(custodians > 0 ? [`${custodians} registered keys of custodians`] : []),
  ]
}

function exportMeaning(words: string): string {
  return words === 'no' ? 'of which there can be no copy' : `lost unless there is a copy of it (${words})`
}
