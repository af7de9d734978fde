/** Requests of keys in other devices, which this card takes their word for. */
import { type AuthenticatedRequest, type DomainParameters, type EcPublicKey, verifyRequest } from '@keytether/card'
import type { Card } from './card.ts'
import { trustedKey } from './trusted-keys.ts'

export type Vouched =
  | { readonly status: 'ok'; readonly key: EcPublicKey & { readonly domain: DomainParameters } }
  | { readonly status: 'keyNotFound' | 'wrongData' | 'notVerified' }

/** The elliptic curve key of a request, if the device that has signed it is verified. */
export function vouchedKey(card: Card, request: AuthenticatedRequest): Vouched {
  const { authorityReference, certificate } = request
  const device = trustedKey(card, authorityReference)
  if (device?.level !== 'device') return { status: 'keyNotFound' }
  const { publicKey } = certificate.value.body.value
  if (publicKey.kind !== 'ec' || publicKey.domain === undefined) return { status: 'wrongData' }
  if (!verifyRequest(request, device.key)) return { status: 'notVerified' }
  return { status: 'ok', key: { ...publicKey, domain: publicKey.domain } }
}
