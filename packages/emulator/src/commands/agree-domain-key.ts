/** AGREE ON DOMAIN KEY. */
import { type AgreeDomainKey, AuthenticatedRequest, algorithm, curveOf, groupOf, shareSize } from '@keytether/card'
import { bytes, DecodeError, decode, encode, equal, tlv } from '@keytether/codec'
import type { Card } from '../card.ts'
import { type Handler, ok } from '../handler.ts'
import { allowedKey, used } from '../key-use.ts'
import { agreeX } from '../keys/ec.ts'
import { takeScratch } from '../scratch.ts'
import { vouchedKey } from '../vouched-request.ts'

/** The other side comes to the same key with its own exchange key; a third member comes to another one with each of them. */
export const agreeDomainKey: Handler<typeof AgreeDomainKey> = (card, { params: { key: reference }, data }) => {
  const request = data ?? scratchRequest(card)
  const key = allowedKey(card, reference, algorithm.ecdhKeyDomain)
  if (typeof key === 'string') return { status: key }
  const { privateKey, algorithms, keyDomain } = key
  const domain = keyDomain === undefined ? undefined : card.state.keyDomains?.[keyDomain]
  // Unlike with other algorithms, to allow it is what makes it one: the request then names the group.
  const isExchangeKey = privateKey.kind === 'ec' && algorithms.includes(algorithm.ecdhKeyDomain)
  if (!isExchangeKey || keyDomain === undefined || domain?.uid === undefined) return { status: 'algorithmNotAllowed' }
  if (request === undefined) return { status: 'wrongData' }

  const peer = vouchedKey(card, request)
  if (peer.status !== 'ok') return peer
  const group = groupOf(request.certificate.value.body.value)
  if (group === undefined || !equal(group, domain.uid)) return { status: 'notVerified' }
  if (curveOf(peer.key.domain) !== privateKey.curve) return { status: 'wrongData' }
  const shared = agreeX(privateKey, peer.key.q)
  if (!(shared instanceof Uint8Array) || shared.length !== shareSize) return { status: 'wrongData' }
  card.state = {
    ...card.state,
    keys: new Map(card.state.keys).set(reference, used(key)),
    keyDomains: card.state.keyDomains!.with(keyDomain, { ...domain, key: shared }),
  }
  return ok
}

const Wrapped = tlv(0x67, bytes())

/** Without its outermost tag, as in a command. */
function scratchRequest(card: Card): AuthenticatedRequest | undefined {
  const content = takeScratch(card)
  if (content === undefined) return undefined
  try {
    return decode(AuthenticatedRequest, encode(Wrapped, content))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
