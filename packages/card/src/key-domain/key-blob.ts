/**
 * A wrapped key: a header that can be read by anyone, the key encrypted under a key domain, and a MAC over both.
 *
 * @see NIST SP 800-38A, 6.2 (CBC); NIST SP 800-38B (CMAC)
 * @module
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import {
  bytes,
  type Codec,
  concat,
  DecodeError,
  decode,
  encode,
  equal,
  fromHex,
  mapped,
  oneOf,
  struct,
  u16,
} from '@keytether/codec'
import { AesCbc, blockSize, cmac } from '../aes.ts'
import { keyAlgorithm } from '../cvc/public-key.ts'
import type { KeyEncryptionKey } from './dkek.ts'
import { type KeyMaterial, type KeyMaterialKind, keyMaterialType, saltedMaterial, saltSize } from './key-material.ts'

/** Two bytes of length and that many bytes. */
function counted(max: number): Codec<Uint8Array> {
  const content = bytes({ max })
  return {
    write(out, value) {
      u16.write(out, value.length)
      content.write(out, value)
    },
    read(input) {
      const inner = input.window(u16.read(input))
      return content.read(inner)
    },
  }
}

const macSize = blockSize

/** The longest is an RSA key of 4096 bits, some 2 KB. */
const mostEncrypted = 4096

const cryptogram: Codec<{ ciphertext: Uint8Array; mac: Uint8Array }> = mapped(
  bytes({ min: 2 * blockSize + macSize, max: mostEncrypted + macSize }),
  {
    write: ({ ciphertext, mac }) => concat(ciphertext, mac),
    read(all, input) {
      if (all.length % blockSize !== 0)
        input.fail('LENGTH', `wanted blocks of ${blockSize} bytes, got ${all.length} bytes`)
      return { ciphertext: all.slice(0, -macSize), mac: all.slice(-macSize) }
    },
  },
)

const header = {
  /** Which domain it was wrapped under. */
  keyCheckValue: bytes(8),
  type: oneOf(keyMaterialType),
  /**
   * Value of an object identifier, which the type makes redundant. It is not looked at: that of AES keys begins with a
   * wrong byte where a card of version 3.0 to 3.2 has wrapped them.
   */
  algorithm: counted(32),
  /** What the key may be used for; empty: everything that its type can do. */
  algorithms: counted(16),
  accessConditions: counted(64),
  keyIdentifier: counted(64),
}

export interface KeyBlob {
  readonly keyCheckValue: Uint8Array
  readonly type: KeyMaterialKind
  readonly algorithm: Uint8Array
  readonly algorithms: Uint8Array
  readonly accessConditions: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly ciphertext: Uint8Array
  /** Over everything before it. */
  readonly mac: Uint8Array
}

export const KeyBlob: Codec<KeyBlob> = mapped(struct({ ...header, cryptogram }), {
  write: ({ ciphertext, mac, ...rest }) => ({ ...rest, cryptogram: { ciphertext, mac } }),
  read: ({ cryptogram, ...rest }) => ({ ...rest, ...cryptogram }),
})

const algorithms: Record<KeyMaterialKind, string> = {
  rsa: keyAlgorithm.rsaSha256,
  rsaCrt: keyAlgorithm.rsaSha256,
  ec: keyAlgorithm.ecdsaSha256,
  /** 2.16.840.1.101.3.4.1 */
  aes: '6086480165030401',
}

export interface UnwrappedKey {
  readonly material: KeyMaterial
  /** Identifiers of the allowed algorithms; empty: everything that the key's type can do. */
  readonly algorithms: Uint8Array
}

/** @param salt 8 random bytes */
export function wrapKey(
  kek: KeyEncryptionKey,
  { material, algorithms: allowed }: UnwrappedKey,
  salt: Uint8Array = new Uint8Array(randomBytes(saltSize)),
): Uint8Array {
  const blob = {
    keyCheckValue: kek.keyCheckValue,
    type: material.kind,
    algorithm: fromHex(algorithms[material.kind]),
    algorithms: allowed,
    accessConditions: new Uint8Array(),
    keyIdentifier: new Uint8Array(),
    ciphertext: new AesCbc(kek.encryption).encrypt(
      zeroBlock,
      encode(saltedMaterial(material.kind), { salt, material }),
    ),
    mac: zeroBlock,
  }
  return encode(KeyBlob, { ...blob, mac: macOf(kek, encode(KeyBlob, blob)) })
}

/** Refused because it is from another domain, because it was altered, or because it is no wrapped key. */
export type Unwrapping =
  | ({ readonly ok: true } & UnwrappedKey)
  | { readonly ok: false; readonly reason: 'otherDomain' | 'wrongMac' | 'malformed' }

/** Nothing is deciphered that the MAC does not vouch for. */
export function unwrapKey(kek: KeyEncryptionKey, bytes: Uint8Array): Unwrapping {
  try {
    const blob = decode(KeyBlob, bytes)
    if (!equal(blob.keyCheckValue, kek.keyCheckValue)) return { ok: false, reason: 'otherDomain' }
    if (!timingSafeEqual(macOf(kek, bytes), blob.mac)) return { ok: false, reason: 'wrongMac' }
    const plain = new AesCbc(kek.encryption).decrypt(zeroBlock, blob.ciphertext)
    return { ok: true, material: decode(saltedMaterial(blob.type), plain).material, algorithms: blob.algorithms }
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, reason: 'malformed' }
    throw error
  }
}

const zeroBlock = new Uint8Array(blockSize)

/** @param blob with or without its MAC filled in */
function macOf(kek: KeyEncryptionKey, blob: Uint8Array): Uint8Array {
  return cmac(kek.authentication)(blob.subarray(0, -macSize))
}
