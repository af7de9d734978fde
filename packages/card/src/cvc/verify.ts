/**
 * Signatures of certificates and requests.
 *
 * @see BSI TR-03110-3, A.7.3 (hash by the key's object identifier) and D.3
 * @module
 */
import { verify } from 'node:crypto'
import { DecodeError, encode, toHex } from '@keytether/codec'
import { AuthenticatedPart, type AuthenticatedRequest, type Certificate } from './certificate.ts'
import { publicKeyObject } from './key-object.ts'
import { keyAlgorithm, type PublicKey } from './public-key.ts'

const algorithms: Record<string, { readonly kind: PublicKey['kind']; readonly hash: string }> = {
  [keyAlgorithm.rsaSha256]: { kind: 'rsa', hash: 'sha256' },
  [keyAlgorithm.rsaSha512]: { kind: 'rsa', hash: 'sha512' },
  [keyAlgorithm.ecdsaSha1]: { kind: 'ec', hash: 'sha1' },
  [keyAlgorithm.ecdsaSha224]: { kind: 'ec', hash: 'sha224' },
  [keyAlgorithm.ecdsaSha256]: { kind: 'ec', hash: 'sha256' },
  [keyAlgorithm.ecdsaSha384]: { kind: 'ec', hash: 'sha384' },
  [keyAlgorithm.ecdsaSha512]: { kind: 'ec', hash: 'sha512' },
}

/** Type of key and hash that an object identifier of `keyAlgorithm` stands for; the hash as `node:crypto` calls it. */
export function signatureAlgorithm(
  oid: Uint8Array,
): { readonly kind: PublicKey['kind']; readonly hash: string } | undefined {
  return algorithms[toHex(oid)]
}

/**
 * Whether the key, with its domain parameters, has signed the message. ECDSA signatures are r ‖ s, RSA's PKCS #1 v1.5.
 * A key that is none, or an algorithm that is not one of `keyAlgorithm`, has signed nothing.
 *
 * @param oid names scheme and hash, where it is not the key's own
 */
export function verifyWith(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  oid: Uint8Array = key.oid,
): boolean {
  const algorithm = signatureAlgorithm(oid)
  if (algorithm?.kind !== key.kind) return false
  try {
    return verify(algorithm.hash, message, { key: publicKeyObject(key), dsaEncoding: 'ieee-p1363' }, signature)
  } catch (error) {
    if (error instanceof DecodeError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_OSSL')) return false
    throw error
  }
}

export function verifyCertificate(certificate: Certificate, issuerKey: PublicKey): boolean {
  return verifyWith(issuerKey, certificate.body.raw, certificate.signature)
}

/** Whether the request's own key has signed it: the proof that who made the request has the key. */
export function isSelfSigned({ certificate: { value } }: AuthenticatedRequest): boolean {
  return verifyCertificate(value, value.body.value.publicKey)
}

/** Whether the device's key, with its domain parameters, has signed the request with the name that it gives the device. */
export function isSignedByDevice(request: AuthenticatedRequest, deviceKey: PublicKey): boolean {
  return verifyWith(deviceKey, encode(AuthenticatedPart, request), request.signature)
}

/** Both: the proof that the key was made by that device. */
export function verifyRequest(request: AuthenticatedRequest, deviceKey: PublicKey): boolean {
  return isSelfSigned(request) && isSignedByDevice(request, deviceKey)
}
