/** What is known of a key, put together from its parameters, its description and its certificate. */
import { createHash, X509Certificate } from 'node:crypto'
import {
  AuthenticatedRequest,
  algorithm,
  curveOf,
  type FileParameters,
  PrivateKeyDescription,
  type PublicKey,
  publicKeyOf,
  UnexpectedStatusError,
} from '@keytether/card'
import { DecodeError, decode, type TypeOf, toHex } from '@keytether/codec'
import type { FileContent } from './files.ts'
import type { KeyInfo } from './types.ts'

export type KeyParametersFile = TypeOf<typeof FileParameters>['key']

/**
 * What the card tells of one key. Nothing in it hides the key: what is missing or makes no sense becomes a warning.
 *
 * @param parameters the key's own file control parameters, if they could be read
 */
export function describeKey(
  reference: number,
  parameters: KeyParametersFile | Error,
  descriptionFile: FileContent,
  certificateFile: FileContent,
): KeyInfo {
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
  }
  if (parameters instanceof Error) warn(`parameters not read: ${parameters.message}`)
  const own = parameters instanceof Error ? undefined : parameters
  const description = readDescription(descriptionFile, warn)
  const { certificate, kind: certificateKind, publicKey } = readCertificate(certificateFile, warn)
  const algorithms = [...(own?.algorithms ?? [])]

  const kind = publicKey ? kinds[publicKey.kind] : description ? kinds[description.kind] : kindBy(algorithms)
  if (!publicKey && !description) warn(`no description and no public key; that it is an ${kind} key is a guess`)
  if (publicKey && description && description.kind !== publicKey.kind) {
    warn(`described as ${kinds[description.kind]} key, but its certificate is that of an ${kind} key`)
  }
  const curve = publicKey?.kind === 'ec' && publicKey.domain ? curveOf(publicKey.domain) : undefined
  const id = description?.id ?? (publicKey ? keyIdentifier(publicKey) : Uint8Array.of(reference))
  return {
    reference,
    id,
    label: description?.label || toHex(id),
    kind,
    bits: publicKey ? bitsOf(publicKey) : (description?.bits ?? 0),
    ...(curve && { curve: curve.name }),
    ...(publicKey && { publicKey }),
    ...(certificate && certificateKind && { certificate, certificateKind }),
    ...(own?.useCounter !== undefined && own.useCounter !== unlimited && { useCounter: own.useCounter }),
    algorithms,
    ...(own?.keyDomain !== undefined && { keyDomain: own.keyDomain }),
    warnings,
  }
}

const kinds = { ec: 'EC', rsa: 'RSA', aes: 'AES' } as const

/** How some cards say that uses are not counted. */
const unlimited = 0xffffffff

/** Without a list, most likely a secret key: for all others the card itself stores a certificate. */
function kindBy(algorithms: readonly number[]): KeyInfo['kind'] {
  if (algorithms.some(id => id >= algorithm.rsaRaw && id <= algorithm.rsaPssSha512)) return 'RSA'
  return algorithms.some(id => id >= algorithm.ecdsa && id <= algorithm.ecdhKeyDomain) ? 'EC' : 'AES'
}

/** The SHA-1 hash of the modulus or of the X coordinate, as other software for the card chooses it. */
export function keyIdentifier(key: PublicKey): Uint8Array {
  const distinct = key.kind === 'rsa' ? key.n : xCoordinate(key.q)
  return createHash('sha1').update(distinct).digest()
}

/** X of the point 04 ‖ x ‖ y. */
export function xCoordinate(point: Uint8Array): Uint8Array {
  return point.slice(1, 1 + (point.length - 1) / 2)
}

export function bitsOf(key: PublicKey): number {
  if (key.kind === 'ec') return (key.domain && curveOf(key.domain)?.bits) ?? 4 * (key.q.length - 1)
  const first = key.n.findIndex(byte => byte !== 0)
  return first < 0 ? 0 : 8 * (key.n.length - first) - (Math.clz32(key.n[first]!) - 24)
}

/** Decodes what may be anything, with a warning if it is not what it should be. */
export function tolerantly<T>(what: string, warn: (message: string) => void, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof UnexpectedStatusError)) throw error
    warn(`${what} not understood: ${error.message}`)
    return undefined
  }
}

/** The content of a file that may be absent or unreadable; empty files count as absent. */
export function contentOf(file: FileContent, what: string, warn: (message: string) => void): Uint8Array | undefined {
  if (file.status === 'ok') return file.content.length > 0 ? file.content : undefined
  if (file.status === 'failed') warn(`${what} not read: ${file.error.message}`)
  if (file.status === 'securityNotSatisfied') warn(`${what} not read: it needs the user PIN`)
  return undefined
}

function readDescription(file: FileContent, warn: (message: string) => void) {
  const content = contentOf(file, 'description', warn)
  if (content === undefined) return undefined
  return tolerantly('description', warn, () => decode(PrivateKeyDescription, content, { lengths: 'any' }))
}

interface ReadCertificate {
  readonly certificate?: Uint8Array
  readonly kind?: 'x509' | 'request'
  readonly publicKey?: PublicKey
}

function readCertificate(file: FileContent, warn: (message: string) => void): ReadCertificate {
  const certificate = contentOf(file, 'certificate', warn)
  if (certificate === undefined) return {}
  const kind = certificateKindOf(certificate)
  if (kind === undefined) {
    warn('certificate neither X.509 nor a request of the card')
    return {}
  }
  const publicKey = tolerantly('public key', warn, () => publicKeyIn(certificate))
  return { certificate, kind, ...(publicKey && { publicKey }) }
}

export function certificateKindOf(certificate: Uint8Array): 'x509' | 'request' | undefined {
  return certificate[0] === 0x30 ? 'x509' : certificate[0] === 0x67 ? 'request' : undefined
}

/**
 * The public key of an X.509 certificate, or of a request that the card made.
 *
 * @throws DecodeError if it is neither, or holds a key that the card cannot have
 */
export function publicKeyIn(certificate: Uint8Array): PublicKey {
  if (certificateKindOf(certificate) === 'request') {
    return decode(AuthenticatedRequest, certificate, { lengths: 'any' }).certificate.value.body.value.publicKey
  }
  let spki: Uint8Array
  try {
    spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  } catch {
    throw new DecodeError('VALUE', 'not an X.509 certificate', 0)
  }
  return publicKeyOf(spki)
}
