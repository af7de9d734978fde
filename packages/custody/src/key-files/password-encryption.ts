/**
 * What is encrypted under a password: algorithms of PKCS #5 and PKCS #12.
 *
 * @see RFC 8018, 6.2 and A; RFC 7292, C
 * @module
 */
import { createDecipheriv, pbkdf2Sync, scryptSync } from 'node:crypto'
import { bytes, DecodeError, decode, integer, optional, struct, type TypeOf, tlv, tlvs, toHex } from '@keytether/codec'
import { CustodyError } from '../errors.ts'
import {
  type Cipher,
  ciphers,
  keyDerivation,
  pbes2,
  pkcs12Ciphers,
  pseudoRandomFunctions,
} from './object-identifiers.ts'
import { bmpPasswords, deriveBytes } from './pkcs12-kdf.ts'
import { decipherRc2 } from './rc2.ts'

export const oid = tlv(0x06, bytes({ min: 1 }))

/** Parameters are whatever follows the identifier. */
export const AlgorithmIdentifier = tlv(0x30, struct({ algorithm: oid, parameters: bytes() }))
type AlgorithmIdentifier = TypeOf<typeof AlgorithmIdentifier>

const number = tlv(0x02, integer({ max: 4 }))
const octets = tlv(0x04, bytes())

const Pbes2 = tlv(0x30, struct({ derivation: AlgorithmIdentifier, encryption: AlgorithmIdentifier }))
const Pbkdf2 = tlv(
  0x30,
  tlvs({
    salt: octets,
    iterations: number,
    keySize: optional(number),
    pseudoRandom: optional(AlgorithmIdentifier),
  }),
)
const Scrypt = tlv(
  0x30,
  tlvs({ salt: octets, cost: number, blockSize: tlv(0x02, integer()), parallel: number, keySize: optional(number) }),
)
const Pkcs12 = tlv(0x30, struct({ salt: octets, iterations: number }))

/** What is encrypted under a password. */
export const EncryptedPrivateKeyInfo = tlv(0x30, struct({ algorithm: AlgorithmIdentifier, encrypted: octets }))

/** More than programs ask for, for all that is in a file. */
const mostIterations = 20_000_000
const mostScryptMemory = 1024 * 1024 * 1024

/** What a file has cost so far: it must not keep us busy for ever. */
export class Effort {
  #left = mostIterations

  /** @throws DecodeError */
  spend(iterations: number): void {
    if (iterations < 1 || iterations > this.#left) throw new DecodeError('VALUE', `${iterations} iterations`, 0)
    this.#left -= iterations
  }
}

export interface Opening {
  readonly password: string
  readonly effort: Effort
}

/** The plaintext; undefined if it cannot be that, which a wrong password leads to as a rule. */
export function decryptWithPassword(
  { algorithm, parameters }: AlgorithmIdentifier,
  { password, effort }: Opening,
  encrypted: Uint8Array,
): Uint8Array | undefined {
  const name = toHex(algorithm)
  if (name === pbes2) return decryptPbes2(parameters, { password, effort }, encrypted)
  const cipher = pkcs12Ciphers[name]
  if (cipher === undefined) throw notSupported('its encryption', name)
  const { salt, iterations } = decode(Pkcs12, parameters)
  const derivation = { hash: 'sha1', salt, iterations }
  for (const bmp of bmpPasswords(password)) {
    effort.spend(3 * iterations)
    const key = deriveBytes(derivation, bmp, 'key', cipher.keySize)
    const plain = decipher(cipher, key, deriveBytes(derivation, bmp, 'initializationVector', 8), encrypted)
    if (plain !== undefined) return plain
  }
  return undefined
}

function decryptPbes2(parameters: Uint8Array, opening: Opening, encrypted: Uint8Array): Uint8Array | undefined {
  const { derivation, encryption } = decode(Pbes2, parameters)
  const cipher = ciphers[toHex(encryption.algorithm)]
  if (cipher === undefined) throw notSupported('its encryption', toHex(encryption.algorithm))
  const key = deriveKey(derivation, opening, cipher.keySize)
  return decipher(cipher, key, decode(octets, encryption.parameters), encrypted)
}

function deriveKey(
  { algorithm, parameters }: AlgorithmIdentifier,
  { password, effort }: Opening,
  keySize: number,
): Uint8Array {
  const name = toHex(algorithm)
  if (name === keyDerivation.scrypt) {
    const { salt, cost: N, blockSize: r, parallel: p } = decode(Scrypt, parameters)
    if (128 * N * r * p > mostScryptMemory) throw notSupported('so much memory for its password', name)
    effort.spend(N * r * p)
    return scryptSync(password, salt, keySize, { N, r, p, maxmem: 2 * mostScryptMemory })
  }
  if (name !== keyDerivation.pbkdf2) throw notSupported('its way to make a key of a password', name)
  const { salt, iterations, pseudoRandom } = decode(Pbkdf2, parameters)
  const hash = pseudoRandom ? pseudoRandomFunctions[toHex(pseudoRandom.algorithm)] : 'sha1'
  if (hash === undefined) throw notSupported('its way to make a key of a password', toHex(pseudoRandom!.algorithm))
  effort.spend(iterations)
  return pbkdf2Sync(password, salt, iterations, keySize, hash)
}

/** Erases the key. */
function decipher({ name }: Cipher, key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Uint8Array | undefined {
  try {
    if (name === 'rc2-cbc') return withoutPadding(decipherRc2(key, iv, encrypted))
    const decipher = createDecipheriv(name, key, iv)
    const plain = decipher.update(encrypted)
    try {
      return Buffer.concat([plain, decipher.final()])
    } finally {
      plain.fill(0)
    }
  } catch {
    return undefined
  } finally {
    key.fill(0)
  }
}

/** PKCS #7; undefined if it is not padded so. */
function withoutPadding(plain: Uint8Array): Uint8Array | undefined {
  const count = plain.at(-1) ?? 0
  if (count < 1 || count > 8 || plain.subarray(-count).some(byte => byte !== count)) return undefined
  return plain.subarray(0, -count)
}

function notSupported(what: string, identifier: string): CustodyError {
  return new CustodyError('NOT_SUPPORTED', `key file: ${what} is not supported (object identifier ${identifier})`)
}
