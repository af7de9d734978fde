/** What is in a backup. */
import type { Backup } from '@keytether/custody'
import { hex } from '../key-domains.ts'
import { keyType } from '../keys.ts'
import { printable } from '../output.ts'
import { certificateName, dataName, keyName } from './words.ts'

type Domain = Backup['keyDomains'][number]

/** How much of the token is not in it. */
export function missing({ keys, data }: Backup): number {
  return keys.filter(({ blob }) => blob === undefined).length + data.filter(each => !isIn(each)).length
}

function isIn({ content, sealed }: Backup['data'][number]): boolean {
  return content !== undefined || sealed !== undefined
}

export function backupLines(backup: Backup): string[] {
  return [
    `backup of ${printable(backup.label)}, ${printable(backup.device)}, made ${printable(backup.created)}`,
    ...backup.keyDomains.map(domain => `key domain ${domain.index}: ${domainState(domain)}`),
    ...backup.keys.map(
      key => `${keyName(key)}: ${key.blob ? 'wrapped' : `NOT in it: ${printable(key.obstacle ?? '')}`}`,
    ),
    ...backup.certificates.map(certificateName),
    ...backup.data.map(
      data => `${dataName(data)}${data.sealed ? ', under a password' : ''}${isIn(data) ? '' : ': NOT in it'}`,
    ),
  ]
}

function domainState({ outstanding, shares, keyCheckValue }: Domain): string {
  if (outstanding > 0) return `${outstanding} of ${shares} shares were missing`
  return keyCheckValue.some(byte => byte !== 0) ? `key check value ${hex(keyCheckValue)}` : 'not set up'
}

/** In JSON. */
export function backupDocument(backup: Backup, hash: string): Record<string, unknown> {
  const { created, device, label, keyDomains, keys, certificates, data } = backup
  return {
    sha256: hash,
    created,
    device,
    label,
    keyDomains: keyDomains.map(domain => ({ ...domain, keyCheckValue: hex(domain.keyCheckValue) })),
    keys: keys.map(key => ({
      reference: key.reference,
      label: key.label,
      id: hex(key.id),
      type: keyType(key),
      wrapped: key.blob !== undefined,
      obstacle: key.obstacle,
    })),
    certificates: certificates.map(({ label }) => ({ label })),
    data: data.map(each => ({ label: each.label, private: each.private ?? false, backedUp: isIn(each) })),
  }
}
