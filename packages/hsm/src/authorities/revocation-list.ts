/**
 * A list of the certificates that an authority has revoked.
 *
 * @see RFC 5280, 5
 * @module
 */
import { verify, type X509Certificate } from 'node:crypto'
import { DecodeError, decode, equal, toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import { Certificate, CertificateList, type Extension, signatureAlgorithms, timeOf } from './x509.ts'

export interface RevocationList {
  readonly thisUpdate: number
  /** Absent: it does not end. */
  readonly nextUpdate: number | undefined
  /** Serial numbers, hexadecimal. */
  readonly serials: ReadonlySet<string>
}

/**
 * A whole list, signed by the authority itself.
 *
 * @throws HsmError `INVALID`
 */
export function revocationList(der: Uint8Array, authority: X509Certificate): RevocationList {
  const { content, algorithm, signature } = parsed(der)
  const { issuer, time1, time2, time3, time4, revoked = [], extensions = [] } = content.value
  if (toHex(issuer) !== toHex(decode(Certificate, authority.raw).content.subject)) {
    throw new HsmError('INVALID', 'the list of revoked certificates is of another authority')
  }
  const entries = revoked.flatMap(({ extensions = [] }) => extensions)
  if ([...extensions, ...entries].some(isCritical)) {
    throw new HsmError(
      'INVALID',
      'wanted the whole list, of what this authority itself has issued: this one is a part of it',
    )
  }
  const hash = signatureAlgorithms[toHex(algorithm.value.id)]
  if (hash === undefined) {
    throw new HsmError(
      'INVALID',
      'the list is signed with an algorithm that is not taken here; wanted RSA PKCS #1 or ECDSA with SHA-2, or EdDSA',
    )
  }
  const isWhole = equal(content.value.algorithm.raw, algorithm.raw) && signature[0] === 0
  const isAuthentic = isWhole && verify(hash, content.raw, authority.publicKey, signature.subarray(1))
  if (!isAuthentic) throw new HsmError('INVALID', 'the list of revoked certificates is not signed by this authority')
  const times = [timeOf(time1, undefined), timeOf(undefined, time2), timeOf(time3, undefined), timeOf(undefined, time4)]
  const [thisUpdate, nextUpdate] = times.filter(time => time !== undefined)
  if (thisUpdate === undefined) throw new HsmError('INVALID', 'the list does not say of when it is')
  return { thisUpdate, nextUpdate, serials: new Set(revoked.map(({ serial }) => toHex(serial))) }
}

function parsed(der: Uint8Array) {
  try {
    return decode(CertificateList, der)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new HsmError('INVALID', `wanted a list of revoked certificates: ${cause.message}`, { cause })
  }
}

function isCritical({ critical }: Extension): boolean {
  return critical !== undefined && critical[0] !== 0
}
