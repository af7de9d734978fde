/** Key domains: how their keys come together, and in which of them keys are. */
import { randomBytes } from 'node:crypto'
import {
  combineShares,
  type DataOf,
  type ImportKeyShare,
  type KeyEncryptionKey,
  keyEncryptionKey,
  shareSize,
} from '@keytether/card'
import type { CardState, KeyDomain } from './state.ts'

/** As many as programs look for. */
export const mostDomains = 16

/** Without shares, the card makes a key that nobody else ever has. */
export function newDomain(shares: number): KeyDomain {
  const key = shares === 0 ? new Uint8Array(randomBytes(shareSize)) : undefined
  return { shares, outstanding: shares, key }
}

export function withShare(domain: KeyDomain, share: DataOf<typeof ImportKeyShare>): KeyDomain {
  const key = combineShares(domain.key ? [domain.key, share] : [share])
  return { ...domain, outstanding: domain.outstanding - 1, key }
}

/** Nothing while shares are missing. */
export function kekOf(domain: KeyDomain | undefined): KeyEncryptionKey | undefined {
  return domain?.key && domain.outstanding === 0 ? keyEncryptionKey(domain.key) : undefined
}

/** What the card tells of a domain. */
export function described(domain: KeyDomain) {
  const keyCheckValue = kekOf(domain)?.keyCheckValue ?? new Uint8Array(8)
  const { shares, outstanding, uid = new Uint8Array() } = domain
  return { shares, outstanding, keyCheckValue, uid }
}

/**
 * The domain that a new key is in: the first, where the host does not say, and nothing on a card without domains.
 * Who names a domain must have set it up.
 */
export function domainOfNewKey({ keyDomains }: CardState, wanted: number | undefined) {
  if (keyDomains === undefined) return wanted === undefined ? undefined : 'notSupported'
  if (wanted === undefined) return 0
  if (wanted >= keyDomains.length) return 'wrongData'
  return keyDomains[wanted] === undefined ? 'domainNotSetUp' : wanted
}
