/**
 * AES with keys of 16, 24 or 32 bytes: CBC, and CMAC over it.
 *
 * @see NIST SP 800-38A, 6.2; NIST SP 800-38B
 * @module
 */
import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from 'node:crypto'

export const blockSize = 16
const zeroBlock = new Uint8Array(blockSize)

/**
 * CBC over whole blocks, with no padding.
 *
 * Making a cipher object costs ten times what it does to an APDU. So one is kept for each direction, and the block that it
 * chains on from the message before is cancelled out of the first block of the next. Nothing is kept or changed that is the
 * caller's; of a `Buffer`, `slice` would be.
 */
export class AesCbc {
  readonly #encryptor: Cipheriv
  readonly #decryptor: Decipheriv
  #lastEncrypted: Uint8Array = zeroBlock
  #lastDecrypted: Uint8Array = zeroBlock

  constructor(key: Uint8Array) {
    const name = `aes-${8 * key.length}-cbc`
    this.#encryptor = createCipheriv(name, key, zeroBlock).setAutoPadding(false)
    this.#decryptor = createDecipheriv(name, key, zeroBlock).setAutoPadding(false)
  }

  encrypt(iv: Uint8Array, message: Uint8Array): Uint8Array {
    wholeBlocks(message)
    const input = new Uint8Array(message)
    xorInto(input, iv)
    xorInto(input, this.#lastEncrypted)
    const output = this.#encryptor.update(input)
    this.#lastEncrypted = new Uint8Array(output.subarray(-blockSize))
    return output
  }

  decrypt(iv: Uint8Array, cryptogram: Uint8Array): Uint8Array {
    wholeBlocks(cryptogram)
    const output = this.#decryptor.update(cryptogram)
    xorInto(output, iv)
    xorInto(output, this.#lastDecrypted)
    this.#lastDecrypted = new Uint8Array(cryptogram.subarray(-blockSize))
    return output
  }

  /** One block by itself. */
  encryptBlock(block: Uint8Array): Uint8Array {
    return this.encrypt(zeroBlock, block)
  }
}

/** A cipher object would keep what is less than a block for the message after, so nothing of the sort may reach it. */
function wholeBlocks(message: Uint8Array): void {
  if (message.length === 0 || message.length % blockSize !== 0) {
    throw new RangeError(`wanted blocks of ${blockSize} bytes, got ${message.length} bytes`)
  }
}

function xorInto(target: Uint8Array, block: Uint8Array, start = 0): void {
  for (let i = 0; i < blockSize; i++) target[start + i]! ^= block[i]!
}

/** The message, 80, and zeros up to whole blocks: at least one byte more than the message. */
export function pad(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(message.length - (message.length % blockSize) + blockSize)
  padded.set(message)
  padded[message.length] = 0x80
  return padded
}

/** The function that computes 16 bytes of CMAC under a key. */
export function cmac(key: Uint8Array): (message: Uint8Array) => Uint8Array {
  const aes = new AesCbc(key)
  const complete = doubled(aes.encryptBlock(zeroBlock))
  const padded = doubled(complete)
  return message => {
    const whole = message.length > 0 && message.length % blockSize === 0
    const input = whole ? new Uint8Array(message) : pad(message)
    xorInto(input, whole ? complete : padded, input.length - blockSize)
    return aes.encrypt(zeroBlock, input).subarray(-blockSize)
  }
}

/** Multiplication by x in the field of 2^128 elements. */
function doubled(block: Uint8Array): Uint8Array {
  const result = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7))
  if (block[0]! & 0x80) result[blockSize - 1]! ^= 0x87
  return result
}
