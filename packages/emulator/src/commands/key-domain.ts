/** KEY DOMAIN. */
import {
  type CreateGroupDomain,
  type CreateKeyDomain,
  type DeleteKeyDomain,
  type DeleteKeyEncryptionKey,
  groupUid,
  type ImportKeyShare,
  type QueryKeyDomain,
  verifyMembership,
} from '@keytether/card'
import { type Card, isLoggedIn } from '../card.ts'
import type { Handler } from '../handler.ts'
import { described, newDomain, withShare } from '../key-domains.ts'
import { publicKeyOfPrivate } from '../keys/private-key.ts'
import type { KeyDomain } from '../state.ts'
import { vouchedKey } from '../vouched-request.ts'

/** The domain; or why there is none. */
function domainAt(
  { state: { keyDomains } }: Card,
  index: number,
): KeyDomain | 'notSupported' | 'noSuchDomain' | 'notSetUp' {
  if (keyDomains === undefined) return 'notSupported'
  if (index >= keyDomains.length) return 'noSuchDomain'
  return keyDomains[index] ?? 'notSetUp'
}

function setDomain(card: Card, index: number, domain: KeyDomain | undefined): void {
  card.state = { ...card.state, keyDomains: card.state.keyDomains!.with(index, domain) }
}

export const queryKeyDomain: Handler<typeof QueryKeyDomain> = (card, { params: { index } }) => {
  const domain = domainAt(card, index)
  return typeof domain === 'string' ? { status: domain } : { status: 'ok', data: described(domain) }
}

/** Without log-in: custodians import their shares one after the other, and none of them needs to have the PIN. */
export const importKeyShare: Handler<typeof ImportKeyShare> = (card, { params: { index }, data }) => {
  const domain = domainAt(card, index)
  if (typeof domain === 'string') return { status: domain }
  if (domain.outstanding === 0) return { status: 'complete' }
  const after = withShare(domain, data)
  setDomain(card, index, after)
  return { status: 'ok', data: described(after) }
}

export const createKeyDomain: Handler<typeof CreateKeyDomain> = (card, { params: { index }, data: { shares } }) => {
  const domain = domainAt(card, index)
  if (domain === 'notSupported' || domain === 'noSuchDomain') return { status: domain }
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (domain !== 'notSetUp') return { status: 'exists' }
  if (shares === 0) return { status: 'wrongData' }
  const created = newDomain(shares)
  setDomain(card, index, created)
  return { status: 'ok', data: described(created) }
}

export const createGroupDomain: Handler<typeof CreateGroupDomain> = (card, { params: { index }, data }) => {
  const domain = domainAt(card, index)
  if (domain === 'notSupported' || domain === 'noSuchDomain') return { status: domain }
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (domain !== 'notSetUp') return { status: 'exists' }
  const signer = vouchedKey(card, data.request)
  if (signer.status !== 'ok') return signer
  const deviceKey = publicKeyOfPrivate(card.state.identity.privateKey)
  if (!verifyMembership(signer.key, deviceKey, data.signature)) return { status: 'notVerified' }
  const created = { shares: 0, outstanding: 0, uid: groupUid(signer.key) }
  setDomain(card, index, created)
  return { status: 'ok', data: described(created) }
}

export const deleteKeyDomain: Handler<typeof DeleteKeyDomain> = (card, { params: { index } }) => {
  const domain = domainAt(card, index)
  if (domain === 'notSupported' || domain === 'noSuchDomain') return { status: domain }
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (domain === 'notSetUp') return { status: domain }
  for (const { keyDomain } of card.state.keys.values()) if (keyDomain === index) return { status: 'notEmpty' }
  setDomain(card, index, undefined)
  return { status: 'ok', data: new Uint8Array() }
}

export const deleteKeyEncryptionKey: Handler<typeof DeleteKeyEncryptionKey> = (card, { params: { index } }) => {
  const domain = domainAt(card, index)
  if (domain === 'notSupported' || domain === 'noSuchDomain') return { status: domain }
  if (!isLoggedIn(card)) return { status: 'securityNotSatisfied' }
  if (domain === 'notSetUp') return { status: domain }
  const after = { ...domain, outstanding: domain.shares, key: undefined }
  setDomain(card, index, after)
  return { status: 'ok', data: described(after) }
}
