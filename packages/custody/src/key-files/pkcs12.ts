/**
 * PKCS #12: what OpenSSL, Java's keytool, Windows and browsers keep keys and certificates in.
 *
 * @see RFC 7292, 4
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  anyTlv,
  bytes,
  concat,
  DecodeError,
  decode,
  encode,
  integer,
  mapped,
  optional,
  sequenceOf,
  struct,
  type TypeOf,
  tlv,
  tlvs,
  toHex,
} from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import { contentOf, definite } from './ber.ts'
import { bagTypes, contentType, friendlyName, hashFunctions, x509Certificate } from './object-identifiers.ts'
import {
  AlgorithmIdentifier,
  decryptWithPassword,
  Effort,
  EncryptedPrivateKeyInfo,
  type Opening,
  oid,
} from './password-encryption.ts'
import { bmpPasswords, deriveBytes } from './pkcs12-kdf.ts'

const octets = tlv(0x04, bytes())
const ContentInfo = tlv(0x30, struct({ type: oid, content: tlv(0xa0, anyTlv) }))
const MacData = tlv(
  0x30,
  tlvs({
    digest: tlv(0x30, struct({ algorithm: AlgorithmIdentifier, value: octets })),
    salt: octets,
    iterations: optional(tlv(0x02, integer({ max: 4 }))),
  }),
)
const Pfx = tlv(0x30, tlvs({ version: tlv(0x02, integer()), content: ContentInfo, mac: optional(MacData) }))
const AuthenticatedSafe = tlv(0x30, sequenceOf(ContentInfo))

/** Some write the string in pieces under the tag that stands for it. */
const encryptedContent = mapped(
  tlvs({ whole: optional(tlv(0x80, bytes())), pieces: optional(tlv(0xa0, sequenceOf(octets))) }),
  {
    write: (whole: Uint8Array) => ({ whole }),
    read: ({ whole, pieces }) => whole ?? concat(...(pieces ?? [])),
  },
)
const EncryptedData = tlv(
  0x30,
  struct({
    version: tlv(0x02, integer()),
    content: tlv(0x30, struct({ type: oid, algorithm: AlgorithmIdentifier, encrypted: encryptedContent })),
  }),
)

const Attribute = tlv(0x30, struct({ type: oid, values: tlv(0x31, sequenceOf(anyTlv)) }))
const SafeBag = tlv(
  0x30,
  tlvs({ type: oid, value: tlv(0xa0, bytes()), attributes: optional(tlv(0x31, sequenceOf(Attribute))) }),
)
const SafeContents = tlv(0x30, sequenceOf(SafeBag))
const CertificateBag = tlv(0x30, struct({ type: oid, value: tlv(0xa0, octets) }))

/** An object with what users call it. */
interface NamedBytes {
  readonly name: string | undefined
  readonly bytes: Uint8Array
}

export interface Pkcs12 {
  /** PrivateKeyInfo, DER, to be erased by the caller. */
  readonly keys: readonly NamedBytes[]
  /** X.509, DER. */
  readonly certificates: readonly NamedBytes[]
  /** Secret keys, by name: those are not read. */
  readonly secrets: readonly (string | undefined)[]
}

/**
 * Reads all keys and certificates.
 *
 * @throws CustodyError `WRONG_PASSWORD`, `DAMAGED` if the password is right but the file was altered, `NOT_SUPPORTED`;
 *   DecodeError if it is no PKCS #12 file, or not a whole one
 */
export function readPkcs12(file: Uint8Array, password: string): Pkcs12 {
  const { version, content, mac } = decode(Pfx, definite(file), { lengths: 'any' })
  if (version !== 3) throw new CustodyError('NOT_SUPPORTED', `PKCS #12 of version ${version} is not supported`)
  if (toHex(content.type) !== contentType.data)
    throw new CustodyError(
      'NOT_SUPPORTED',
      'a PKCS #12 file that is signed, not protected by a password, is not supported',
    )
  const safe = contentOf(encode(anyTlv, content.content))
  const opening = { password, effort: new Effort() }
  const intact = mac === undefined || isMac(mac, opening, safe)
  const opened = openSafe(safe, opening)
  if (intact && opened) return opened
  // With the wrong password nothing can be deciphered either; where everything can, it is the file that is wrong.
  if (opened) throw new CustodyError('DAMAGED', 'the password is right, but the key file was altered')
  if (intact && mac)
    throw new CustodyError('WRONG_PASSWORD', 'a key in the file is under another password than the file')
  throw new CustodyError('WRONG_PASSWORD', 'the password of the key file is wrong')
}

function isMac(
  { digest, salt, iterations = 1 }: TypeOf<typeof MacData>,
  { password, effort }: Opening,
  safe: Uint8Array,
): boolean {
  const identifier = toHex(digest.algorithm.algorithm)
  const hash = hashFunctions[identifier]
  if (hash === undefined) {
    throw new CustodyError(
      'NOT_SUPPORTED',
      `the MAC of the key file is not supported (object identifier ${identifier})`,
    )
  }
  const { length } = createHmac(hash, '').digest()
  if (digest.value.length !== length) throw new DecodeError('LENGTH', `a MAC of ${digest.value.length} bytes`, 0)
  const derivation = { hash, salt, iterations }
  return bmpPasswords(password).some(bmp => {
    effort.spend(iterations)
    const mac = createHmac(hash, deriveBytes(derivation, bmp, 'mac', length))
      .update(safe)
      .digest()
    return timingSafeEqual(mac, digest.value)
  })
}

interface Found {
  readonly keys: NamedBytes[]
  readonly certificates: NamedBytes[]
  readonly secrets: (string | undefined)[]
}

/** Everything in it; undefined if something does not decipher to what it should be. */
function openSafe(safe: Uint8Array, opening: Opening): Found | undefined {
  const found: Found = { keys: [], certificates: [], secrets: [] }
  for (const { type, content } of decode(AuthenticatedSafe, safe, { lengths: 'any' })) {
    const object = encode(anyTlv, content)
    if (toHex(type) === contentType.data) {
      if (!collect(found, contentOf(object), opening)) return undefined
      continue
    }
    if (toHex(type) !== contentType.encryptedData) {
      throw new CustodyError('NOT_SUPPORTED', 'a PKCS #12 file that is encrypted for a key, not under a password')
    }
    const { algorithm, encrypted } = decode(EncryptedData, object, { lengths: 'any' }).content
    const opened = deciphered(decryptWithPassword(algorithm, opening, encrypted), plain =>
      collect(found, definite(plain), opening),
    )
    if (!opened) return undefined
  }
  return found
}

/** False if a key does not decipher. */
function collect(found: Found, contents: Uint8Array, opening: Opening): boolean {
  return decode(SafeContents, contents, { lengths: 'any' }).every(({ type, value, attributes }) => {
    const name = nameIn(attributes ?? [])
    switch (bagTypes[toHex(type)]) {
      case 'key':
        found.keys.push({ name, bytes: value })
        return true
      case 'shroudedKey': {
        const { algorithm, encrypted } = decode(EncryptedPrivateKeyInfo, value, { lengths: 'any' })
        return deciphered(decryptWithPassword(algorithm, opening, encrypted), plain => {
          found.keys.push({ name, bytes: firstObject(plain) })
          return true
        })
      }
      case 'certificate': {
        const certificate = decode(CertificateBag, value, { lengths: 'any' })
        if (toHex(certificate.type) === x509Certificate) found.certificates.push({ name, bytes: certificate.value })
        return true
      }
      case 'secret':
        found.secrets.push(name)
        return true
      case 'bags':
        return collect(found, value, opening)
      default:
        return true
    }
  })
}

/** What came of deciphering, if it is what it should be; the wrong password can pass for the right one until then. */
function deciphered(plain: Uint8Array | undefined, use: (plain: Uint8Array) => boolean): boolean {
  if (plain === undefined) return false
  try {
    return use(plain)
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** @throws DecodeError unless it is one data object */
function firstObject(plain: Uint8Array): Uint8Array {
  decode(anyTlv, plain, { lengths: 'any' })
  return plain
}

/** BMPString, which is UTF-16, big-endian. */
function nameIn(attributes: readonly TypeOf<typeof Attribute>[]): string | undefined {
  const value = attributes.find(({ type }) => toHex(type) === friendlyName)?.values[0]?.value
  return value && new TextDecoder('utf-16be').decode(value)
}
