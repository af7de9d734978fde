/**
 * Making certificates and requests; the caller holds the keys.
 *
 * @see BSI TR-03110-3, C.1 and C.2
 * @module
 */
import { encode, tlv } from '@keytether/codec'
import { AuthenticatedPart, AuthenticatedRequest, Certificate, CertificateBody } from './certificate.ts'

/** Signs bytes as the issuer's object identifier says: r ‖ s, or PKCS #1 v1.5. */
export type SignBytes = (message: Uint8Array) => Uint8Array

const Body = tlv(0x7f4e, CertificateBody)

/** The bytes of a certificate. */
export function issueCertificate(body: CertificateBody, sign: SignBytes): Uint8Array<ArrayBuffer> {
  const raw = encode(Body, body)
  return encode(Certificate, { body: { value: body, raw }, signature: sign(raw) })
}

export interface RequestIssue {
  readonly body: CertificateBody
  /** With the key that the request is for. */
  readonly sign: SignBytes
  /** The device's holder reference. */
  readonly authorityReference: string
  /** With the device's key. */
  readonly authenticate: SignBytes
}

/** The bytes of an authenticated request. */
export function issueRequest(request: RequestIssue): Uint8Array<ArrayBuffer> {
  const raw = encode(Body, request.body)
  const value = { body: { value: request.body, raw }, signature: request.sign(raw) }
  const certificate = { value, raw: encode(Certificate, value) }
  const part = { certificate, authorityReference: request.authorityReference }
  return encode(AuthenticatedRequest, { ...part, signature: request.authenticate(encode(AuthenticatedPart, part)) })
}

/**
 * The bytes of a request that no other key authenticates: the outer signature, in the name of the key's own holder reference,
 * is by the key itself, too. It shows who has the key, and not where the key is.
 */
export async function issueOwnRequest(
  body: CertificateBody,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const raw = encode(Body, body)
  const value = { body: { value: body, raw }, signature: await sign(raw) }
  const certificate = { value, raw: encode(Certificate, value) }
  const part = { certificate, authorityReference: body.holderReference }
  return encode(AuthenticatedRequest, { ...part, signature: await sign(encode(AuthenticatedPart, part)) })
}
