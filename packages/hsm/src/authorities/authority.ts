/** An authority as the database has it, and what it says of certificates. */
import { createHash, X509Certificate } from 'node:crypto'
import { decode } from '@keytether/codec'
import type { Transaction } from 'kysely'
import { HsmError } from '../errors.ts'
import type { Row, Tables } from '../store/tables.ts'
import type { ClientCertificate } from './client-certificate.ts'
import { derOf } from './pem.ts'
import { type RevocationList, revocationList } from './revocation-list.ts'
import { Certificate } from './x509.ts'

export interface Authority {
  readonly id: string
  readonly name: string
  readonly subject: string
  /** SHA-256 of its certificate, hexadecimal. */
  readonly fingerprint: string
  readonly notAfter: number
  /** Absent: what it has issued is good until it ends. */
  readonly revocations?: RevocationList | undefined
  readonly createdAt: number
  readonly revision: number
}

export interface Loaded extends Authority {
  readonly tenant: string
  readonly notBefore: number
  readonly x509: X509Certificate
}

/** Without a new list in time nothing is good: who hinders that one comes would let in who was revoked. */
export function isGood({ serial }: ClientCertificate, { revocations }: Loaded, now: number): boolean {
  if (revocations === undefined) return true
  const { nextUpdate = Number.POSITIVE_INFINITY, serials } = revocations
  return now < nextUpdate && !serials.has(serial)
}

/**
 * What finds a credential, as the hash of a token does.
 *
 * @param authority its fingerprint
 */
export function identityHash(authority: string, identity: string): string {
  return createHash('sha256').update(`certificate ${authority} ${identity}`).digest('hex')
}

export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '')
}

export function authorityCertificate(pem: string): X509Certificate {
  const der = derOf(pem, 'CERTIFICATE')
  let x509: X509Certificate
  try {
    x509 = new X509Certificate(der)
    decode(Certificate, der)
  } catch (cause) {
    throw new HsmError('INVALID', 'wanted a certificate in PEM form', { cause })
  }
  if (!x509.ca) throw new HsmError('INVALID', 'wanted the certificate of an authority: this one may not issue any')
  return x509
}

export function loadedOf(row: Row<'authorities'>): Loaded {
  const x509 = new X509Certificate(row.certificate)
  return {
    id: row.id,
    tenant: row.tenant_id,
    name: row.name,
    subject: x509.subject.replaceAll('\n', ', '),
    fingerprint: fingerprintOf(x509),
    notBefore: x509.validFromDate.getTime(),
    notAfter: x509.validToDate.getTime(),
    ...(row.revocations !== null && { revocations: revocationList(new Uint8Array(row.revocations), x509) }),
    createdAt: row.created_at,
    revision: row.revision,
    x509,
  }
}

export async function findAuthority(
  db: Transaction<Tables>,
  tenant: string,
  name: string,
): Promise<Row<'authorities'>> {
  const row = await db
    .selectFrom('authorities')
    .selectAll()
    .where('tenant_id', '=', tenant)
    .where(or => or.or([or('name', '=', name), or('id', '=', name)]))
    .executeTakeFirst()
  if (row === undefined) throw new HsmError('NOT_FOUND', `there is no authority ${name}`)
  return row
}
