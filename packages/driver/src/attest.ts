/** Attestations: the requests that the device signed for its keys, with its certificates, for others to verify. */
import {
  type Attestation,
  type AttestationFailure,
  type AttestedKey,
  AuthenticatedRequest,
  Certificate,
  fileId,
  type PublicKey,
  subjectPublicKeyInfo,
  type ToldByCard,
  verifyAttestedRequest,
} from '@keytether/card'
import { DecodeError, decode, encode, equal } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { type FileContent, readFiles } from './files.ts'
import { readInventory } from './inventory.ts'
import { certificateKindOf } from './key-info.ts'
import type { Link } from './link.ts'
import type { Identity, KeyDomainInfo, KeyInfo, Version } from './types.ts'

/**
 * - `secretKey` the card makes requests of key pairs only
 * - `noRequest` the request is not there: for imported keys there never was one, and other software writes certificates over it
 * - `malformed` what is there is none · `otherDevice` the key was made in another device and copied to this one
 */
export type NotAttested = 'secretKey' | 'noRequest' | 'malformed' | AttestationFailure

export interface AttestedKeys {
  /** Verifies for whoever trusts the device's root. */
  readonly attestation: Attestation
  /** Keys that are left out. */
  readonly notAttested: readonly { readonly key: KeyInfo; readonly reason: NotAttested }[]
}

/** @throws DriverError `KEY_NOT_FOUND` */
export async function attest(
  link: Link,
  version: Version,
  identity: Identity,
  references: readonly number[] | undefined,
): Promise<AttestedKeys> {
  const { keys, keyDomains } = await readInventory(link, version)
  const missing = references?.find(wanted => !keys.some(({ reference }) => reference === wanted))
  if (missing !== undefined) throw new DriverError('KEY_NOT_FOUND', `attest: there is no key ${missing}`)
  const chosen = references ? keys.filter(({ reference }) => references.includes(reference)) : keys
  const requests = await requestsOf(link, version, chosen)

  const deviceCertificates = identity.chain.map(certificate => encode(Certificate, certificate))
  const judged = chosen.map((key, index) => {
    const request = requests[index]
    if (request === undefined) return { key, reason: key.kind === 'AES' ? 'secretKey' : 'noRequest' } as const
    return judge(key, { request, told: told(key, keyDomains) }, identity)
  })
  return {
    attestation: { deviceCertificates, keys: judged.flatMap(each => ('attested' in each ? [each.attested] : [])) },
    notAttested: judged.flatMap(each => ('attested' in each ? [] : [each])),
  }
}

/** The request of each key: in its place, or where it was kept when a certificate took that. */
export async function requestsOf(
  link: Link,
  version: Version,
  keys: readonly KeyInfo[],
): Promise<(Uint8Array | undefined)[]> {
  const replaced = keys.filter(({ certificateKind }) => certificateKind === 'x509')
  const kept = await readFiles(
    link,
    version,
    replaced.map(({ reference }) => ({ fid: fileId('metaData', reference), object: true })),
  )
  return keys.map(key =>
    key.certificateKind === 'request' ? key.certificate : requestOf(kept[replaced.indexOf(key)], key.publicKey),
  )
}

/** The request in a file, if it is for this very key and not one that had its reference before. */
export function requestOf(file: FileContent | undefined, publicKey: PublicKey | undefined): Uint8Array | undefined {
  if (file?.status !== 'ok' || certificateKindOf(file.content) !== 'request' || !publicKey) return undefined
  try {
    const { body } = decode(AuthenticatedRequest, file.content, { lengths: 'any' }).certificate.value
    const same = equal(subjectPublicKeyInfo(body.value.publicKey), subjectPublicKeyInfo(publicKey))
    return same ? file.content : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function told({ reference, label, id, algorithms, useCounter, keyDomain }: KeyInfo, domains: readonly KeyDomainInfo[]) {
  // A key that was made without naming a domain belongs to the first.
  const domain = domains.find(({ index }) => index === (keyDomain ?? 0))
  return {
    reference,
    label,
    id,
    algorithms,
    ...(useCounter !== undefined && { useCounter }),
    ...(domain && { keyDomain: toldDomain(domain) }),
  } satisfies ToldByCard
}

function toldDomain({ index, keyCheckValue, uid }: KeyDomainInfo): NonNullable<ToldByCard['keyDomain']> {
  return {
    index,
    kind: uid ? 'XKEK' : 'DKEK',
    ...(keyCheckValue.some(byte => byte !== 0) && { keyCheckValue }),
    ...(uid && { uid }),
  }
}

function judge(key: KeyInfo, attested: AttestedKey, { holderReference, devicePublicKey: publicKey }: Identity) {
  try {
    const verdict = verifyAttestedRequest(attested.request, { holderReference, publicKey })
    return verdict.ok ? { attested } : { key, reason: verdict.reason }
  } catch (error) {
    if (error instanceof DecodeError) return { key, reason: 'malformed' as const }
    throw error
  }
}
