/**
 * SIGN and DECIPHER: use of a private key by its reference and an algorithm identifier.
 *
 * @module
 */
import { mapped, secret, struct, u8 } from '@keytether/codec'
import { anyOf, command, opaque } from '../command.ts'
import { sw } from '../status.ts'

/** Algorithm identifiers: P2 of the commands that use a key, and the entries of a key's list of allowed algorithms. */
export const algorithm = {
  aesCbcEncrypt: 0x10,
  aesCbcDecrypt: 0x11,
  aesCmac: 0x18,
  rsaRaw: 0x20,
  rsaRawDecipher: 0x21,
  rsaPkcs1Decipher: 0x22,
  rsaOaepDecipher: 0x23,
  /** PKCS #1 v1.5 with a DigestInfo as input. */
  rsaPkcs1: 0x30,
  rsaPkcs1Sha1: 0x31,
  rsaPkcs1Sha224: 0x32,
  rsaPkcs1Sha256: 0x33,
  rsaPkcs1Sha384: 0x34,
  rsaPkcs1Sha512: 0x35,
  /** PSS with a hash as input; the salt is as long as the hash. */
  rsaPss: 0x40,
  rsaPssSha1: 0x41,
  rsaPssSha224: 0x42,
  rsaPssSha256: 0x43,
  rsaPssSha384: 0x44,
  rsaPssSha512: 0x45,
  /** ECDSA with a hash as input; all ECDSA signatures are DER. */
  ecdsa: 0x70,
  ecdsaSha1: 0x71,
  ecdsaSha224: 0x72,
  ecdsaSha256: 0x73,
  ecdsaSha384: 0x74,
  ecdsaSha512: 0x75,
  ecdh: 0x80,
  ecdhAuthenticated: 0x83,
  ecdhKeyDomain: 0x84,
  wrap: 0x92,
  unwrap: 0x93,
  replace: 0x94,
  ecDerive: 0x98,
  aesDerive: 0x99,
} as const

export type AlgorithmName = keyof typeof algorithm

export const useKeyStatus = {
  securityNotSatisfied: sw.securityNotSatisfied,
  notFound: sw.notFound,
  /** The key's use counter has run out. */
  exhausted: anyOf(sw.referenceDataNotUsable, sw.outOfMemory),
  /** The algorithm is not in the key's list, or not one for its type. */
  algorithmNotAllowed: anyOf(sw.notSupported, sw.conditionsNotSatisfied),
  wrongData: sw.wrongData,
  wrongLength: sw.wrongLength,
  unknownAlgorithm: anyOf(sw.wrongP1P2, sw.wrongOffset),
} as const

export const useKeyParams = struct({ key: u8, algorithm: u8 })

/** With this one, DECIPHER is a command of its own. */
const notOfKeyDomain = mapped(u8, {
  write(id: number) {
    if (id === algorithm.ecdhKeyDomain) throw new RangeError('agreement on the key of a domain is AGREE ON DOMAIN KEY')
    return id
  },
  read: (id, input) => (id === algorithm.ecdhKeyDomain ? input.fail('VALUE', 'algorithm of another command') : id),
})

/** Input and signature as the algorithm defines them. */
export const Sign = command({
  name: 'SIGN',
  cla: 0x80,
  ins: 0x68,
  params: useKeyParams,
  data: opaque,
  /** With raw RSA it may be what was encrypted. */
  response: secret(opaque),
  le: 0x10000,
  status: useKeyStatus,
})

/**
 * RSA: a cryptogram of modulus length, and its plaintext. ECDH: the other side's point 04 ‖ X ‖ Y, and the shared point
 * in the same form; some cards leave out Y.
 */
export const Decipher = command({
  name: 'DECIPHER',
  cla: 0x80,
  ins: 0x62,
  params: struct({ key: u8, algorithm: notOfKeyDomain }),
  data: opaque,
  response: secret(opaque),
  le: 0x10000,
  status: useKeyStatus,
})
