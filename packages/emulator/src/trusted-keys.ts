/** Public keys that a card believes: of its own root, issuer and device, and of the certificates that were verified by them. */
import {
  type Certificate,
  DeviceCertificates,
  inheritDomain,
  isPublicKey,
  roleLevel,
  verifyCertificate,
} from '@keytether/card'
import { decode } from '@keytether/codec'
import type { Card, TrustedKey } from './card.ts'
import { type DeviceIdentity, emulatorRoot } from './identity.ts'

/** The key of that name, if the card knows it. */
export function trustedKey({ state, session }: Card, holderReference: string): TrustedKey | undefined {
  return ownKeys(state.identity).get(holderReference) ?? session.verifiedKeys.get(holderReference)
}

const { holderReference: rootReference, publicKey: rootPublicKey } = emulatorRoot.certificate.body.value
const rootKey: TrustedKey = { key: rootPublicKey as TrustedKey['key'], level: 'root' }
const levelBelow = { root: 'issuer', issuer: 'device', device: undefined } as const

/** The key of a certificate, if the issuer has signed it and may issue such. */
export function verified(certificate: Certificate, issuer: TrustedKey): TrustedKey | undefined {
  const { publicKey, ...body } = certificate.body.value
  const level = roleLevel({ publicKey, ...body }, emulatorRoot.certificate.body.value)
  if (level !== levelBelow[issuer.level] || level === undefined || !verifyCertificate(certificate, issuer.key))
    return undefined
  const key = inheritDomain(publicKey, issuer.key)
  if (key.kind !== 'ec' || key.domain === undefined || !isPublicKey(key)) return undefined
  return { key: { ...key, domain: key.domain }, level }
}

const known = new WeakMap<DeviceIdentity, ReadonlyMap<string, TrustedKey>>()

function ownKeys(identity: DeviceIdentity): ReadonlyMap<string, TrustedKey> {
  const found = known.get(identity)
  if (found) return found
  const keys = new Map([[rootReference, rootKey]])
  let issuer: TrustedKey | undefined = rootKey
  for (const certificate of decode(DeviceCertificates, identity.certificates).toReversed()) {
    issuer = issuer && verified(certificate, issuer)
    if (issuer) keys.set(certificate.body.value.holderReference, issuer)
  }
  known.set(identity, keys)
  return keys
}
