/** Keys that were made elsewhere, out of the files that they are kept in. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { anyTlv, DecodeError, decode, equal, sequenceOf, tlv } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { definite } from './ber.ts'
import { Effort } from './password-encryption.ts'
import { isCertificate, isEncrypted, isPrivateKey, pemObjects, pemPrivateKey } from './pem.ts'
import { readPkcs12 } from './pkcs12.ts'
import { encryptedPrivateKey, keyWords, obstacleOf, privateKeyOf, publicKeyInfoOf } from './private-key.ts'

export interface KeyFileKey {
  /** What the file calls it, or the common name of its certificate. */
  readonly label: string | undefined
  /** Such as `RSA 2048`, `EC secp256r1`, `Ed25519`. */
  readonly type: string
  /** Why no card can take it; absent: it can. */
  readonly obstacle?: string
  readonly privateKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** X.509, DER. */
  readonly certificate?: Uint8Array
}

export interface KeyFile {
  readonly keys: readonly KeyFileKey[]
  /** Certificates that belong to no key of the file, such as those of issuers, X.509, DER. */
  readonly issuers: readonly { readonly label: string; readonly certificate: Uint8Array }[]
  /** Secret keys, which are not read, by name. */
  readonly secrets: readonly string[]
}

/**
 * Reads PKCS #12, and PKCS #8, PKCS #1 and SEC 1 in DER or, with certificates beside them, in PEM.
 *
 * @param password asked for if one is needed, once
 * @throws CustodyError `NOT_A_KEY_FILE`, `WRONG_PASSWORD`, `DAMAGED`, `NOT_SUPPORTED`
 */
export async function readKeyFile(file: Uint8Array, password: () => Promise<string>): Promise<KeyFile> {
  const objects = pemObjects(file)
  const read = objects.length > 0 ? await readPem(file, password) : await readDer(file, password)
  if (read.keys.length > 0 || read.secrets.length > 0) return assemble(read)
  throw new CustodyError('NOT_A_KEY_FILE', 'there is no private key in the file')
}

interface Read {
  readonly keys: readonly { readonly name: string | undefined; readonly key: KeyObject }[]
  readonly certificates: readonly { readonly name: string | undefined; readonly bytes: Uint8Array }[]
  readonly secrets: readonly (string | undefined)[]
}

async function readPem(file: Uint8Array, password: () => Promise<string>): Promise<Read> {
  const objects = pemObjects(file)
  const opening = { password: objects.some(isEncrypted) ? await password() : '', effort: new Effort() }
  return {
    keys: objects.filter(isPrivateKey).map(object => ({ name: undefined, key: pemPrivateKey(object, opening) })),
    certificates: objects.filter(isCertificate).map(({ text }) => ({ name: undefined, bytes: x509(text) })),
    secrets: [],
  }
}

function x509(text: string): Uint8Array {
  try {
    return new Uint8Array(new X509Certificate(text).raw)
  } catch (cause) {
    throw new CustodyError('DAMAGED', 'a certificate in the key file is damaged', { cause })
  }
}

async function readDer(file: Uint8Array, password: () => Promise<string>): Promise<Read> {
  const none = { certificates: [], secrets: [] }
  switch (derKind(file)) {
    case 'pkcs12': {
      const given = await password()
      const { keys, ...rest } = whole(() => readPkcs12(file, given))
      return { ...rest, keys: keys.map(({ name, bytes }) => ({ name, key: privateKeyOf(bytes) })) }
    }
    case 'encrypted': {
      const opening = { password: await password(), effort: new Effort() }
      return { ...none, keys: [{ name: undefined, key: encryptedPrivateKey(definite(file), opening) }] }
    }
    case 'plain':
      return { ...none, keys: [{ name: undefined, key: privateKeyOf(Uint8Array.from(file)) }] }
    default:
      throw new CustodyError('NOT_A_KEY_FILE', 'neither PKCS #12, PKCS #8, PKCS #1, SEC 1 nor PEM')
  }
}

/** Told apart by the tags of what is in the sequence that all of them are. */
function derKind(file: Uint8Array): 'pkcs12' | 'encrypted' | 'plain' | undefined {
  const tags = whole(() => decode(tlv(0x30, sequenceOf(anyTlv)), definite(file), { lengths: 'any' })).map(
    ({ tag }) => tag,
  )
  const start = tags
    .slice(0, 3)
    .map(tag => tag.toString(16).padStart(2, '0'))
    .join(' ')
  if (start === '02 30' || start === '02 30 30') return 'pkcs12'
  if (start === '30 04') return 'encrypted'
  return ['02 30 04', '02 02 02', '02 04', '02 04 a0', '02 04 a1'].includes(start) ? 'plain' : undefined
}

/** @throws CustodyError `DAMAGED` for what is not in the format */
function whole<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CustodyError('DAMAGED', `the key file is damaged or no key file: ${cause.message}`, { cause })
  }
}

/** Finds the certificate of each key by its public key: not all programs note which is whose. */
function assemble({ keys, certificates, secrets }: Read): KeyFile {
  const known = certificates.map(({ name, bytes }) => ({ name, bytes, publicKey: publicKeyIn(bytes) }))
  const owned = new Set<object>()
  const described = keys.map(({ name, key }): KeyFileKey => {
    const publicKey = publicKeyInfoOf(key)
    const own = known.find(candidate => candidate.publicKey && equal(candidate.publicKey, publicKey))
    if (own) owned.add(own)
    const obstacle = obstacleOf(key)
    return {
      label: name ?? own?.name ?? (own && commonName(own.bytes)),
      type: keyWords(key),
      ...(obstacle && { obstacle }),
      privateKey: key,
      publicKey,
      ...(own && { certificate: own.bytes }),
    }
  })
  return {
    keys: described,
    issuers: known
      .filter(candidate => !owned.has(candidate))
      .map(({ name, bytes }) => ({ label: name ?? commonName(bytes) ?? 'certificate', certificate: bytes })),
    secrets: secrets.map(name => name ?? 'without a name'),
  }
}

function publicKeyIn(certificate: Uint8Array): Uint8Array | undefined {
  const read = parsed(certificate)
  return read && publicKeyInfoOf(read.publicKey)
}

function commonName(certificate: Uint8Array): string | undefined {
  return /^CN=(.+)$/m.exec(parsed(certificate)?.subject ?? '')?.[1]
}

/** Undefined for certificates that are none, or of keys that are not known: they concern no key of the file. */
function parsed(certificate: Uint8Array): X509Certificate | undefined {
  try {
    const read = new X509Certificate(certificate)
    return read.publicKey && read
  } catch {
    return undefined
  }
}
