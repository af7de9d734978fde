/**
 * From a device's certificate to a root that we trust.
 *
 * @see BSI TR-03110-3, 2.5 (the order of certificates) and C.4 (roles)
 * @module
 */
import { DecodeError, equal } from '@keytether/codec'
import type { Certificate, CertificateBody } from './certificate.ts'
import { publicKeyObject, subjectPublicKeyInfo } from './key-object.ts'
import type { DomainParameters, EcPublicKey, PublicKey } from './public-key.ts'
import { verifyCertificate } from './verify.ts'

export interface TrustRoot {
  /** CardContact's for devices sold, CardContact's for tests, or one of the operator's own. */
  readonly kind: 'production' | 'test' | 'own'
  readonly certificate: Certificate
}

/**
 * - `incomplete` not device, issuer and, where it is there, root · `wrongName` a reference that is none
 * - `notLinked` a certificate does not name the next one as its issuer · `wrongRole` the issuer may not issue for devices,
 *   or the device is none · `untrustedRoot` no trusted root of that name, or another key under that name
 * - `wrongSignature` · `wrongKey` a public key that is none, or not an elliptic curve key where one is needed
 */
export type ChainFailure =
  | 'incomplete'
  | 'wrongName'
  | 'notLinked'
  | 'wrongRole'
  | 'untrustedRoot'
  | 'wrongSignature'
  | 'wrongKey'

export interface VerifiedChain {
  readonly ok: true
  readonly root: TrustRoot
  /** Holders from root to device without their sequence numbers, as `DESRCACC1/DESCHSMCA/DENK0105702`. */
  readonly path: string
  readonly deviceKey: EcPublicKey & { readonly domain: DomainParameters }
}

/**
 * Verifies a device's certificates, in the order of the file 2F02: device, issuer, and the root if it is there.
 *
 * Only the key in `roots` is believed to be the root's; a root that comes with the chain must be that very one. Dates are
 * not looked at: a device is in use for longer than its certificate is valid, cannot be given a new one, and a chain whose
 * keys and links hold proves as well afterwards what it is for, that this is a genuine device.
 */
export function verifyChain(
  chain: readonly Certificate[],
  roots: readonly TrustRoot[],
): VerifiedChain | { readonly ok: false; readonly reason: ChainFailure } {
  const [device, issuer, sentRoot, ...more] = chain
  if (device === undefined || issuer === undefined || more.length > 0) return refused('incomplete')
  const leaf = device.body.value
  const authority = issuer.body.value
  if (![leaf, authority].every(({ holderReference }) => holderName.test(holderReference))) return refused('wrongName')
  if (leaf.authorityReference !== authority.holderReference) return refused('notLinked')

  const named = roots.filter(({ certificate }) => holder(certificate) === authority.authorityReference)
  const trusted = sentRoot ? named.filter(({ certificate }) => sameHolderAndKey(certificate, sentRoot)) : named
  if (trusted.length === 0) return refused('untrustedRoot')
  const root = trusted.find(({ certificate }) => verifyCertificate(issuer, certificate.body.value.publicKey))
  if (root === undefined) return refused('wrongSignature')

  const rootBody = root.certificate.body.value
  const level = (body: CertificateBody) => roleLevel(body, rootBody)
  if (level(authority) !== 'issuer' || level(leaf) !== 'device') return refused('wrongRole')

  const issuerKey = inheritDomain(authority.publicKey, rootBody.publicKey)
  if (!verifyCertificate(device, issuerKey)) return refused('wrongSignature')
  const deviceKey = inheritDomain(leaf.publicKey, issuerKey)
  if (deviceKey.kind !== 'ec' || deviceKey.domain === undefined || !isPublicKey(deviceKey)) return refused('wrongKey')

  const path = [rootBody, authority, leaf].map(({ holderReference }) => holderReference.slice(0, -5)).join('/')
  return { ok: true, root, path, deviceKey: { ...deviceKey, domain: deviceKey.domain } }
}

function refused(reason: ChainFailure): { readonly ok: false; readonly reason: ChainFailure } {
  return { ok: false, reason }
}

/** At least three characters beside the sequence number, and none that would make another path of it. */
const holderName = /^[^/]{8,16}$/

function holder(certificate: Certificate): string {
  return certificate.body.value.holderReference
}

function sameHolderAndKey(trusted: Certificate, sent: Certificate): boolean {
  if (holder(trusted) !== holder(sent)) return false
  const sentKey = sent.body.value.publicKey
  try {
    return equal(subjectPublicKeyInfo(trusted.body.value.publicKey), subjectPublicKeyInfo(sentKey))
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/**
 * The two upper bits of the role say it: 11 root, 10 and 01 issuers, 00 device. Who is to issue must say so, in the root's
 * own scheme of roles; a certificate without a role is a device's.
 */
export function roleLevel({ role }: CertificateBody, root: CertificateBody): 'root' | 'issuer' | 'device' | 'foreign' {
  if (role === undefined) return 'device'
  if (root.role === undefined || !equal(role.oid, root.role.oid)) return 'foreign'
  const bits = role.flags[0]! >> 6
  return bits === 0b11 ? 'root' : bits === 0b00 ? 'device' : 'issuer'
}

/** A certificate may leave out the domain parameters: they are then those of its issuer. */
export function inheritDomain(key: PublicKey, issuer: PublicKey): PublicKey {
  if (key.kind === 'rsa' || key.domain !== undefined || issuer.kind === 'rsa') return key
  return { ...key, domain: issuer.domain }
}

/** Its numbers are those of a key: of an EC key, a point on its curve. */
export function isPublicKey(key: PublicKey): boolean {
  try {
    publicKeyObject(key)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
