/**
 * The values of CardContact's SmartCard-HSM Cloud Service API. Its generated clients refuse properties that are not in
 * its description, and numbers beyond 32 bits.
 *
 * @module
 */
import { z } from 'zod'
import { wanted } from '../schemas.ts'

export const keyAlgorithms = [
  'RSA_PSS',
  'RSA_PSS_SHA1',
  'RSA_PSS_SHA256',
  'RSA_PSS_SHA512',
  'ECDSA',
  'ECDSA_SHA1',
  'ECDSA_SHA256',
  'ECDSA_SHA384',
  'ECDSA_SHA512',
  'DEFAULT_SIGN',
  'CBC_ENC',
  'CBC_DEC',
  'CMAC',
  'WRAP',
  'DERIVE_SP800_56C',
] as const

const hex = z.string().regex(/^([0-9A-F]{2})*$/)
const int32 = z.int32().nonnegative()

/** Certified path of a device with dots, as DESRCACC1.DESCHSMCA.DENK0105702. */
const HsmId = z.string()

export const Key = z.strictObject({
  /** PKCS #15 iD. */
  id: hex,
  label: z.string(),
  type: z.enum(['RSA', 'EC', 'AES']),
  /** Bits. */
  size: int32,
  keyUseCounter: int32.optional(),
  /** Absent: all that the type has. */
  algorithms: z.array(z.enum(keyAlgorithms)).optional(),
  keyDomain: hex.optional(),
  /** X.509 certificate, or the request in card verifiable form that the device made with the key. */
  cert: z.base64().optional(),
  /** SubjectPublicKeyInfo. */
  pubkey: z.base64().optional(),
  /** Who holds it; where a key is looked at that is not one device's. */
  hsms: z.array(HsmId).optional(),
})

export const Hsm = z.strictObject({
  id: HsmId,
  /** Domain of the keys that were made outside the key domains. */
  defaultKeyDomain: hex,
  keyDomains: z.array(z.strictObject({ id: hex, label: z.string() })),
  keys: z.array(Key),
})

export const KeyDomain = z.strictObject({
  id: hex,
  label: z.string().optional(),
  hsms: z.array(HsmId),
  keys: z.array(Key),
})

const hashText = wanted('the hash, hexadecimal')

export const SignatureInput = z.strictObject(
  {
    hash: z.string(hashText).regex(/^([0-9A-Fa-f]{2})+$/, hashText),
    algo: z.enum(['ECDSA', 'RSA_PKCS1', 'RSA_PSS'], wanted('ECDSA, RSA_PKCS1 or RSA_PSS')),
  },
  wanted('an object of hash and algo and nothing else'),
)

/** For ECDSA the signature is in DER. */
export const SignatureResult = z.strictObject({ signature: hex })

export type Key = z.infer<typeof Key>
export type Hsm = z.infer<typeof Hsm>
export type KeyDomain = z.infer<typeof KeyDomain>
