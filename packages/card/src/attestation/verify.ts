/**
 * What an attestation proves, with nothing but the roots that are trusted.
 *
 * @module
 */
import { decode } from '@keytether/codec'
import { AuthenticatedRequest, Certificate } from '../cvc/certificate.ts'
import { type ChainFailure, type TrustRoot, type VerifiedChain, verifyChain } from '../cvc/chain.ts'
import type { PublicKey } from '../cvc/public-key.ts'
import { isSelfSigned, isSignedByDevice } from '../cvc/verify.ts'
import { groupOf } from '../key-domain/membership.ts'
import type { Attestation } from './attestation.ts'

/**
 * - `notSelfSigned` the request is not signed with the key that it names
 * - `deviceUnknown` the device's certificates lead to no trusted root, so nothing is known of who signed for the key
 * - `otherDevice` the request names another device than the certificates do · `notSignedByDevice` that device has not signed it
 */
export type AttestationFailure = 'notSelfSigned' | 'deviceUnknown' | 'otherDevice' | 'notSignedByDevice'

export type KeyVerdict = {
  readonly publicKey: PublicKey
  /** The device that the request names. */
  readonly device: string
  /** X ‖ Y of the signer of the group of devices that the key can be given to; absent if it was not made for one. */
  readonly keyDomainUid?: Uint8Array
} & ({ readonly ok: true } | { readonly ok: false; readonly reason: AttestationFailure })

export interface AttestationVerdict {
  readonly chain: VerifiedChain | { readonly ok: false; readonly reason: ChainFailure }
  /** In the order of the keys of the attestation. */
  readonly keys: readonly KeyVerdict[]
}

/** Each key is judged by itself. That one is genuine says: made by that device, and by no other way than in it. */
export function verifyAttestation(attestation: Attestation, roots: readonly TrustRoot[]): AttestationVerdict {
  const certificates = attestation.deviceCertificates.map(bytes => decode(Certificate, bytes, { lengths: 'any' }))
  const chain = verifyChain(certificates, roots)
  const device = chain.ok
    ? { holderReference: certificates[0]!.body.value.holderReference, publicKey: chain.deviceKey }
    : undefined
  return { chain, keys: attestation.keys.map(({ request }) => verifyAttestedRequest(request, device)) }
}

/**
 * @param device what its verified certificate says; absent if there is none
 * @throws DecodeError if the bytes are no request
 */
export function verifyAttestedRequest(
  bytes: Uint8Array,
  device: { readonly holderReference: string; readonly publicKey: PublicKey } | undefined,
): KeyVerdict {
  const request = decode(AuthenticatedRequest, bytes, { lengths: 'any' })
  const body = request.certificate.value.body.value
  const uid = groupOf(body)
  const facts = { publicKey: body.publicKey, device: request.authorityReference, ...(uid && { keyDomainUid: uid }) }
  const failed = (reason: AttestationFailure) => ({ ...facts, ok: false, reason }) as const

  if (!isSelfSigned(request)) return failed('notSelfSigned')
  if (device === undefined) return failed('deviceUnknown')
  if (request.authorityReference !== device.holderReference) return failed('otherDevice')
  if (!isSignedByDevice(request, device.publicKey)) return failed('notSignedByDevice')
  return { ...facts, ok: true }
}
