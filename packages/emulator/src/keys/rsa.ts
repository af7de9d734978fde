/**
 * RSA as the card offers it: some of the padding on the card, some by the host.
 *
 * @see RFC 8017
 * @module
 */
import { constants, createHash, privateDecrypt, privateEncrypt, randomBytes, sign } from 'node:crypto'
import { hashFunctions } from '@keytether/card'
import { concat, equal } from '@keytether/codec'
import { type Outcome, unlessRefused } from './outcome.ts'
import type { RsaPrivateKey } from './private-key.ts'

function modulusBytes({ bits }: RsaPrivateKey): number {
  return bits / 8
}

/** The private operation, on a number that is as long as the modulus. */
export function rsaRaw(key: RsaPrivateKey, input: Uint8Array): Outcome {
  if (input.length !== modulusBytes(key)) return 'wrongLength'
  return unlessRefused(() => privateEncrypt({ key: key.object, padding: constants.RSA_NO_PADDING }, input))
}

/** RSASSA-PKCS1-v1_5 (8.2) of a DigestInfo, which is not looked into. */
export function signDigestInfo(key: RsaPrivateKey, digestInfo: Uint8Array): Outcome {
  if (digestInfo.length < 1 || digestInfo.length > modulusBytes(key) - 11) return 'wrongLength'
  return unlessRefused(() => privateEncrypt({ key: key.object, padding: constants.RSA_PKCS1_PADDING }, digestInfo))
}

export function signPkcs1(key: RsaPrivateKey, hash: string, message: Uint8Array): Outcome {
  return unlessRefused(() => sign(hash, message, key.object))
}

export function signPss(key: RsaPrivateKey, hash: string, message: Uint8Array): Outcome {
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  return unlessRefused(() => sign(hash, message, { key: key.object, padding, saltLength }))
}

/** PSS of a hash. OpenSC before 0.24 gives a DigestInfo instead, which is taken as well. */
export function signPssHash(key: RsaPrivateKey, input: Uint8Array): Outcome {
  for (const { name, size, digestInfoPrefix } of hashFunctions) {
    if (input.length === size) return rsaPss(key, name, input)
    const [prefix, hash] = [input.subarray(0, -size), input.subarray(-size)]
    if (equal(prefix, digestInfoPrefix)) return rsaPss(key, name, hash)
  }
  return 'wrongLength'
}

/** EMSA-PSS (9.1.1) with MGF1 over the same hash and a salt as long as it. */
function rsaPss(key: RsaPrivateKey, name: string, hash: Uint8Array): Outcome {
  const digest = (...parts: Uint8Array[]) =>
    createHash(name)
      .update(concat(...parts))
      .digest()
  const dbLength = modulusBytes(key) - hash.length - 1
  const zeros = dbLength - hash.length - 1
  if (zeros < 0) return 'wrongData'
  const salt = randomBytes(hash.length)
  const h = digest(new Uint8Array(8), hash, salt)
  const block = concat(new Uint8Array(zeros), Uint8Array.of(0x01), salt)
  const mask = concat(
    ...Array.from({ length: Math.ceil(dbLength / hash.length) }, (_, i) => digest(h, Uint8Array.of(0, 0, 0, i))),
  )
  for (let i = 0; i < dbLength; i++) block[i]! ^= mask[i]!
  // The encoded message is one bit shorter than the modulus.
  block[0]! &= 0x7f
  return rsaRaw(key, concat(block, h, Uint8Array.of(0xbc)))
}

/**
 * RSAES-PKCS1-v1_5 (7.2.2). Wrong padding is told, as the card tells it, which makes whoever may send cryptograms able to
 * decipher others; OpenSSL would hide it.
 */
export function decipherPkcs1(key: RsaPrivateKey, cryptogram: Uint8Array): Outcome {
  const block = rsaRaw(key, cryptogram)
  if (!(block instanceof Uint8Array)) return block
  const end = block.indexOf(0x00, 2)
  if (block[0] !== 0x00 || block[1] !== 0x02 || end < 10) return 'wrongData'
  return block.subarray(end + 1)
}

/** RSAES-OAEP (7.1.2) with SHA-256 and no label. */
export function decipherOaep(key: RsaPrivateKey, cryptogram: Uint8Array): Outcome {
  if (cryptogram.length !== modulusBytes(key)) return 'wrongLength'
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return unlessRefused(() => privateDecrypt({ key: key.object, padding, oaepHash: 'sha256' }, cryptogram))
}
