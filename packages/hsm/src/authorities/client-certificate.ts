/** A certificate that somebody shows when he connects: who it says he is, and whether an authority has issued it for that. */
import { X509Certificate } from 'node:crypto'
import { decode, toHex } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import { derOf } from './pem.ts'
import {
  AlternativeNames,
  alternativeName,
  Certificate,
  ExtendedKeyUsage,
  type Extension,
  KeyUsage,
  signatureAlgorithms,
} from './x509.ts'

const ids = {
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  alternativeNames: '551d11',
  policies: '551d20',
  extendedKeyUsage: '551d25',
} as const
/** Critical ones that are understood here. */
const understood: ReadonlySet<string> = new Set(Object.values(ids))
/** id-kp-clientAuth, anyExtendedKeyUsage */
const clientUses = ['2b06010505070302', '551d2500']

export class ClientCertificate {
  readonly x509: X509Certificate
  /** Of the issuer, DER, hexadecimal. */
  readonly issuer: string
  /** Hexadecimal. */
  readonly serial: string
  /** Whom it names, as `dns:web.example.com`, the narrowest first. */
  readonly identities: readonly string[]
  readonly #fit: boolean
  readonly #from: number
  readonly #to: number
  readonly #issuedBy = new WeakMap<X509Certificate, boolean>()

  /** @throws DecodeError, Error of the runtime's */
  constructor(der: Uint8Array) {
    const { content, algorithm } = decode(Certificate, der)
    this.x509 = new X509Certificate(der)
    this.#from = this.x509.validFromDate.getTime()
    this.#to = this.x509.validToDate.getTime()
    this.issuer = toHex(content.issuer)
    this.serial = toHex(content.serial)
    const byId = new Map((content.extensions ?? []).map(one => [toHex(one.id), one]))
    this.identities = [
      `fingerprint:${this.x509.fingerprint256.replaceAll(':', '')}`,
      ...alternativeNamesOf(byId.get(ids.alternativeNames)),
      ...(this.x509.subject ? [`subject:${this.x509.subject.replaceAll('\n', ', ')}`] : []),
    ]
    const critical = [...byId].filter(([, extension]) => extension.critical?.[0])
    this.#fit =
      !this.x509.ca &&
      toHex(algorithm.value.id) in signatureAlgorithms &&
      critical.every(([id]) => understood.has(id)) &&
      maySign(byId.get(ids.keyUsage)) &&
      isForClients(byId.get(ids.extendedKeyUsage))
  }

  /** Whether this authority itself has issued it, for clients, and it is good at the time. */
  isOf(authority: X509Certificate, now: number): boolean {
    return this.#fit && this.#from <= now && now <= this.#to && this.#isIssuedBy(authority)
  }

  #isIssuedBy(authority: X509Certificate): boolean {
    const known = this.#issuedBy.get(authority)
    if (known !== undefined) return known
    const issued = this.x509.checkIssued(authority) && this.x509.verify(authority.publicKey)
    this.#issuedBy.set(authority, issued)
    return issued
  }
}

/**
 * @param pem a certificate
 * @throws HsmError `INVALID`
 */
export function identitiesOf(pem: string): readonly string[] {
  try {
    return new ClientCertificate(derOf(pem, 'CERTIFICATE')).identities
  } catch (cause) {
    if (cause instanceof HsmError) throw cause
    throw new HsmError('INVALID', 'wanted a certificate in PEM form', { cause })
  }
}

/** `uri` before `email` before `dns`, so that who is named more exactly is not taken for his host. */
function alternativeNamesOf(extension: Extension | undefined): string[] {
  if (extension === undefined) return []
  const names = decode(AlternativeNames, extension.value).map(alternativeName)
  return names
    .filter(name => name !== undefined)
    .sort()
    .reverse()
}

/** digitalSignature is the first bit. */
function maySign(extension: Extension | undefined): boolean {
  return extension === undefined || ((decode(KeyUsage, extension.value)[1] ?? 0) & 0x80) !== 0
}

function isForClients(extension: Extension | undefined): boolean {
  if (extension === undefined) return true
  return decode(ExtendedKeyUsage, extension.value).some(use => clientUses.includes(toHex(use)))
}
