/** What applications do with keys. Bytes are base64 in JSON. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, PageQuery, Problem, pageOf, Time, wanted } from './values.ts'

/** Of whole requests that carry content. */
const bodyLimit = 1024 * 1024
const mostBatched = 100

const base64 = wanted('bytes in base64')
const Bytes = z.base64(base64)
/** Names or ids of keys: all decrypt, the first encrypts. */
const KeyNames = z.array(Name).min(1).max(16)
/** What the caller calls that which it is for. */
const Reference = z.string().min(1).max(256)
const Version = z.int().min(1)
const version = Version.optional()
const used = { key: z.string(), version: Version }

const hashes = ['SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512'] as const
const joseNames = ['ES256', 'ES384', 'ES512', 'ES256K', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const
export const signatureAlgorithms = [
  ...hashes.map(hash => `ECDSA_${hash}` as const),
  ...hashes.map(hash => `RSA_PKCS1_${hash}` as const),
  ...hashes.map(hash => `RSA_PSS_${hash}` as const),
  ...joseNames,
] as const
/** Whether it is JOSE's name of an algorithm, which means the form of the signature, too. */
export function isJoseName(algorithm: string | undefined): boolean {
  return (joseNames as readonly (string | undefined)[]).includes(algorithm)
}

export const signatureFormats = ['der', 'raw', 'jose'] as const

const signing = {
  /** A scheme with a hash, or the name that JOSE has for it; default what fits the key. Others, as EdDSA, are refused in words. */
  algorithm: z.string().max(32).optional(),
  /**
   * Of ECDSA: `der` as X.509 and CMS have it, `raw` r ‖ s, `jose` the same in base64url. Default `jose` for JOSE's names, otherwise
   * `der`. RSA signatures are the same bytes in all.
   */
  format: z.enum(signatureFormats).optional(),
  version,
}
/** The message, or its hash. */
const toSign = { message: Bytes.optional(), digest: Bytes.optional() }
const oneOfBoth = ({ message, digest }: { message?: string | undefined; digest?: string | undefined }) =>
  (message === undefined) !== (digest === undefined)
const either = { error: 'wanted either message or digest' }

const Sign = z
  .strictObject({ ...toSign, ...signing })
  .refine(oneOfBoth, either)
  .meta({ examples: [{ message: 'SGVsbG8=' }] })
const Signature = z.strictObject({
  /** Base64; of the format `jose`, base64url without padding. */
  signature: z.string(),
  algorithm: z.string(),
  format: z.enum(signatureFormats),
  ...used,
})
const Verify = z
  .strictObject({ ...toSign, ...signing, signature: z.string().max(2_000) })
  .refine(oneOfBoth, either)
  .meta({ examples: [{ message: 'SGVsbG8=', signature: 'MEQC' }] })
const Verdict = z.strictObject({ valid: z.boolean(), algorithm: z.string(), ...used })

const DecryptRsa = z.strictObject({
  ciphertext: Bytes,
  /** `OAEP` with the hash also in its mask generation function; `RAW` takes no padding off. */
  padding: z.enum(['OAEP', 'PKCS1', 'RAW']).default('OAEP'),
  /** Of OAEP. */
  hash: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).default('sha256'),
  /** Of OAEP. */
  label: Bytes.optional(),
  version,
})
const Plaintext = z.strictObject({ plaintext: Bytes, ...used })

/** @param publicKey SubjectPublicKeyInfo in DER, or the point 04 ‖ x ‖ y */
const Agree = z.strictObject({ publicKey: Bytes, version })
const Derive = z.strictObject({ label: Bytes, version })
const Secret = z.strictObject({ secret: Bytes, ...used })

const padding = z.enum(['PKCS7', 'none']).default('PKCS7')
const EncryptCbc = z.strictObject({ plaintext: Bytes, iv: Bytes.optional(), padding, version })
const CbcText = z.strictObject({ iv: Bytes, ciphertext: Bytes, ...used })
const DecryptCbc = z.strictObject({ ciphertext: Bytes, iv: Bytes, padding, version })

const ComputeMac = z.strictObject({ message: Bytes, version })
const Mac = z.strictObject({ mac: Bytes, ...used })

const OpenCms = z.strictObject({ cms: Bytes, version })
const Content = z.strictObject({ content: Bytes, ...used })

const associatedData = Bytes.optional()
const Encrypt = z.strictObject({ keys: KeyNames, plaintext: Bytes, associatedData, reference: Reference.optional() })
const Encrypted = z.strictObject({ ciphertext: Bytes, dataKey: z.string(), ...used })
const Decrypt = z.strictObject({ keys: KeyNames, ciphertext: Bytes, associatedData })
const Decrypted = z.strictObject({ plaintext: Bytes, dataKey: z.string(), ...used })
/** An envelope, its header alone, or a wrapped data key; as much comes back. */
const Rewrap = z.strictObject({ keys: KeyNames, ciphertext: Bytes })
const Rewrapped = z.strictObject({
  ciphertext: Bytes,
  dataKey: z.string(),
  from: z.strictObject(used),
  to: z.strictObject(used),
})
const MakeDataKey = z.strictObject({
  keys: KeyNames,
  reference: Reference.optional(),
  /** Also in the clear, to encrypt with at once. */
  plaintext: z.boolean().default(true),
})
const DataKey = z.strictObject({ id: z.string(), wrapped: Bytes, plaintext: Bytes.optional(), ...used })
const OpenDataKey = z.strictObject({ keys: KeyNames, wrapped: Bytes })

function ofKey<const N extends string, S extends z.ZodType>(name: N, input: S) {
  return z.strictObject({ operation: z.literal(name), reference: Reference.optional(), key: Name, input })
}
function ofKeys<const N extends string, S extends z.ZodType>(name: N, input: S) {
  return z.strictObject({ operation: z.literal(name), reference: Reference.optional(), input })
}
const BatchItem = z.discriminatedUnion('operation', [
  ofKey('sign', Sign),
  ofKey('decryptRsa', DecryptRsa),
  ofKey('agree', Agree),
  ofKey('derive', Derive),
  ofKey('encryptCbc', EncryptCbc),
  ofKey('decryptCbc', DecryptCbc),
  ofKey('mac', ComputeMac),
  ofKey('openCms', OpenCms),
  ofKeys('encrypt', Encrypt),
  ofKeys('decrypt', Decrypt),
  ofKeys('rewrap', Rewrap),
  ofKeys('makeDataKey', MakeDataKey),
  ofKeys('openDataKey', OpenDataKey),
])
export type BatchItem = z.output<typeof BatchItem>

/** Of a key in the path. */
function use<const P extends string, B extends z.ZodType, A extends z.ZodType>(
  path: P,
  summary: string,
  body: B,
  answer: A,
) {
  return operation({
    method: 'POST',
    path: `/keys/{key}/${path}`,
    summary,
    roles: ['operator'],
    rate: 'use',
    body,
    bodyLimit,
    answer,
    repeatable: true,
  })
}

/** Of keys named in the body. */
function useKeys<const P extends `/${string}`, B extends z.ZodType, A extends z.ZodType>(
  path: P,
  summary: string,
  body: B,
  answer: A,
) {
  return operation({
    method: 'POST',
    path,
    summary,
    roles: ['operator'],
    rate: 'use',
    body,
    bodyLimit,
    answer,
    repeatable: true,
  })
}

export const cryptographyOperations = {
  sign: use(
    'sign',
    'Signs a message or its digest; the signature was verified before it is given out',
    Sign,
    Signature,
  ),
  verify: use('verify', 'Whether a signature is one of the key', Verify, Verdict),
  decryptRsa: use('decrypt', 'Decrypts what was encrypted to an RSA key', DecryptRsa, Plaintext),
  agree: use('agree', 'Diffie-Hellman with an EC key', Agree, Secret),
  derive: use('derive', 'Derives 32 bytes from an AES key and a label', Derive, Secret),
  encryptCbc: use('cbc/encrypt', 'Encrypts on the chip: AES in CBC mode', EncryptCbc, CbcText),
  decryptCbc: use('cbc/decrypt', 'Decrypts on the chip: AES in CBC mode', DecryptCbc, Plaintext),
  mac: use('mac', 'Computes an AES-CMAC on the chip', ComputeMac, Mac),
  openCms: use('cms', 'Opens a CMS message that was encrypted to an RSA or EC key', OpenCms, Content),
  encrypt: useKeys('/encrypt', 'Encrypts into an envelope; the first key wraps its data key', Encrypt, Encrypted),
  decrypt: useKeys('/decrypt', 'Decrypts an envelope whose data key one of the keys wraps', Decrypt, Decrypted),
  rewrap: useKeys('/rewrap', 'Wraps the data key of an envelope under the first key', Rewrap, Rewrapped),
  makeDataKey: useKeys('/data-keys', 'Makes a data key, wrapped under the first key', MakeDataKey, DataKey),
  openDataKey: useKeys('/data-keys/open', 'Unwraps a data key', OpenDataKey, DataKey),
  random: useKeys(
    '/random',
    'Random bytes of tokens, mixed with those of the service',
    z.strictObject({ length: z.int().min(1).max(65_536), group: Name.optional() }),
    z.strictObject({ random: Bytes }),
  ),
  batch: operation({
    method: 'POST',
    path: '/batch',
    summary: 'Several of these, each with an answer of its own, in the same order',
    roles: ['operator'],
    rate: 'use',
    bodyLimit: 4 * bodyLimit,
    repeatable: true,
    body: z.strictObject({ items: z.array(BatchItem).min(1).max(mostBatched) }),
    answer: z.strictObject({
      items: z.array(
        z.strictObject({
          reference: z.string().optional(),
          /** As the operation by itself answers. */
          answer: z.record(z.string(), z.unknown()).optional(),
          /** In place of an answer. */
          problem: Problem.optional(),
        }),
      ),
    }),
  }),
  reportDataKeys: operation({
    method: 'GET',
    path: '/keys/{key}/data-keys',
    summary: 'How many data keys hang on each version of a key, the newest first',
    description: 'As far as this service made, opened or rewrapped them.',
    roles: ['operator', 'manager', 'auditor'],
    rate: 'read',
    answer: z.strictObject({
      items: z.array(
        z.strictObject({
          version: Version,
          state: z.string(),
          dataKeys: z.int(),
          oldest: Time.optional(),
          lastUsed: Time.optional(),
        }),
      ),
    }),
  }),
  listDataKeys: operation({
    method: 'GET',
    path: '/keys/{key}/versions/{version}/data-keys',
    summary: 'The data keys that hang on a version of a key',
    roles: ['operator', 'manager', 'auditor'],
    rate: 'read',
    query: PageQuery,
    answer: pageOf(
      z.strictObject({ id: z.string(), reference: z.string().optional(), createdAt: Time, lastUsedAt: Time }),
    ),
    paged: true,
  }),
}

/** Bytes of any length in, bytes out as they come: `application/octet-stream` both ways. */
export interface StreamOperation {
  readonly path: `/${string}`
  readonly summary: string
  readonly roles: readonly ['operator']
  readonly rate: 'use'
  readonly query: z.ZodObject
}

/** A name or several, as a query has them. */
const QueryNames = z.union([Name.transform(name => [name]), KeyNames])

export const cryptographyStreams = {
  encryptStream: {
    path: '/encrypt/stream',
    summary: 'Encrypts what is sent into an envelope, as it comes',
    roles: ['operator'],
    rate: 'use',
    query: z.strictObject({ key: QueryNames, associatedData, reference: Reference.optional() }),
  },
  decryptStream: {
    path: '/decrypt/stream',
    summary: 'Decrypts an envelope as it comes; an answer that breaks off is not to be trusted',
    roles: ['operator'],
    rate: 'use',
    query: z.strictObject({ key: QueryNames, associatedData }),
  },
} as const satisfies Record<string, StreamOperation>
