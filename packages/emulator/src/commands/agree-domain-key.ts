/** AGREE ON DOMAIN KEY. */
import { type AgreeDomainKey, algorithm, curveOf, groupOf, shareSize } from '@keytether/card'
import { equal } from '@keytether/codec'
import { type Handler, ok } from '../handler.ts'
import { allowedKey, used } from '../key-use.ts'
import { agreeX } from '../keys/ec.ts'
import { vouchedKey } from '../vouched-request.ts'

/** The other side comes to the same key with its own exchange key; a third member comes to another one with each of them. */
export const agreeDomainKey: Handler<typeof AgreeDomainKey> = (card, { params: { key: reference }, data: request }) => {
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
