/** Choosing a key to verify with, and verifying certificates. */
import type { SetVerificationKey, VerifyCertificate } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { trustedKey, verified } from '../trusted-keys.ts'

export const setVerificationKey: Handler<typeof SetVerificationKey> = (card, { data: { holderReference } }) => {
  card.session.verificationKey = undefined
  if (trustedKey(card, holderReference) === undefined) return { status: 'keyNotFound' }
  card.session.verificationKey = holderReference
  return ok
}

export const verifyCertificate: Handler<typeof VerifyCertificate> = (card, { data: certificate }) => {
  const { authorityReference, holderReference } = certificate.body.value
  const { verificationKey, verifiedKeys } = card.session
  const issuer = verificationKey === undefined ? undefined : trustedKey(card, verificationKey)
  if (issuer === undefined || authorityReference !== verificationKey) return { status: 'keyNotFound' }
  const key = verified(certificate, issuer)
  if (key === undefined) return { status: 'notVerified' }
  verifiedKeys.set(holderReference, key)
  return ok
}
