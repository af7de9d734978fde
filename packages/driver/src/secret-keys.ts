/** AES keys: made by the card, and used there. */
import { randomBytes } from 'node:crypto'
import { algorithm, GenerateSecretKey, UseSecretKey } from '@keytether/card'
import { concat } from '@keytether/codec'
import { describeNewKey } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { call, type Link } from './link.ts'
import { describe, freeReference } from './new-key.ts'
import { expectOk, ofKey } from './outcome.ts'
import type { KeyAttributes, KeyInfo } from './types.ts'

const blockSize = 16
const identifierSize = 20
const types = { 128: 'aes128', 192: 'aes192', 256: 'aes256' } as const

/**
 * The AES keys of a device. All throw `NOT_LOGGED_IN`, `KEY_NOT_FOUND`, `KEY_EXHAUSTED` and `ALGORITHM_NOT_ALLOWED` as
 * `DriverError`, and `RangeError` for what is no AES key and for lengths that cannot be.
 */
export class SecretKeys {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  /**
   * Makes a key and writes a description that other software understands. Its identifier is random unless one is given.
   *
   * @throws DriverError as `generateKeyPair` does, but for `NOT_ATTESTED`: of a secret key the device says nothing
   */
  generate(bits: 128 | 192 | 256, attributes: KeyAttributes): Promise<KeyInfo> {
    return this.#link.alone(link => generate(link, bits, attributes))
  }

  /**
   * Encrypts whole blocks of 16 bytes in CBC mode. Each 1,200 bytes are one command, one round trip and one use of the key.
   *
   * @param iv 16 bytes that nobody can foresee, new for each message
   */
  encryptCbc(key: KeyInfo, iv: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => encryptCbc(link, key, iv, plaintext))
  }

  /** Decrypts whole blocks of 16 bytes. Uses as `encryptCbc`, but all commands go together. */
  decryptCbc(key: KeyInfo, iv: Uint8Array, cryptogram: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => decryptCbc(link, key, iv, cryptogram))
  }

  /**
   * 16 bytes of AES-CMAC. Where one command does not hold the message, all but its end goes through CBC encryption, which
   * the key must allow.
   */
  cmac(key: KeyInfo, message: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => cmac(link, key, message))
  }

  /**
   * 32 bytes that only the key and the label lead to. How cards compute them is not published: do not count on two devices of
   * different make to agree, even with the same key.
   */
  derive(key: KeyInfo, label: Uint8Array): Promise<Uint8Array> {
    return this.#link.overlapping(link => derive(link, key, label))
  }
}

async function generate(link: Link, bits: 128 | 192 | 256, attributes: KeyAttributes): Promise<KeyInfo> {
  const type = types[bits]
  if (type === undefined) throw new RangeError(`AES keys have 128, 192 or 256 bits, got ${bits}`)
  const { label, id = new Uint8Array(randomBytes(identifierSize)), useCounter, algorithms, keyDomain } = attributes
  const key = { kind: 'aes', bits, id, label } as const
  // A label or an identifier that no description has room for is refused before there is a key.
  describeNewKey(0, key)
  const reference = await freeReference(link, attributes.reference)
  const [made] = await link.run([
    call(
      GenerateSecretKey,
      { key: reference, type },
      {
        ...(useCounter !== undefined && { useCounter }),
        ...(algorithms && { algorithms: Uint8Array.from(algorithms) }),
        ...(keyDomain !== undefined && { keyDomain }),
      },
    ),
  ])
  expectOk(made, 'generate a key', {
    notSupported: ['NOT_SUPPORTED', 'the card does not have AES keys of this size, or not in this key domain'],
  })
  return describe(link, reference, key, undefined)
}

async function encryptCbc(link: Link, key: KeyInfo, iv: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
  checkBlocks(iv, plaintext)
  const parts: Uint8Array[] = []
  let chained = iv
  for (const part of chunks(link, plaintext)) {
    const [encrypted] = await link.run([useCall(key, algorithm.aesCbcEncrypt, withFirstBlock(part, chained))])
    const cryptogram = asLong(part, encrypted, key)
    parts.push(cryptogram)
    chained = cryptogram.subarray(-blockSize)
  }
  return concat(...parts)
}

async function decryptCbc(link: Link, key: KeyInfo, iv: Uint8Array, cryptogram: Uint8Array): Promise<Uint8Array> {
  checkBlocks(iv, cryptogram)
  const parts = [...chunks(link, cryptogram)]
  const decrypted = await link.run(parts.map(part => useCall(key, algorithm.aesCbcDecrypt, part)))
  const plain = parts.map((part, index) => {
    const chained = index === 0 ? iv : parts[index - 1]!.subarray(-blockSize)
    return withFirstBlock(asLong(part, decrypted[index]!, key), chained)
  })
  return concat(...plain)
}

async function cmac(link: Link, key: KeyInfo, message: Uint8Array): Promise<Uint8Array> {
  const room = blocksOf(link.maximumData)
  // What is left for the card's own CMAC is a block at least: into the first one goes what CBC made of those before.
  const surplus = message.length > link.maximumData ? message.length - room : 0
  const chained = Math.ceil(surplus / blockSize) * blockSize
  let end = message.subarray(chained)
  if (chained > 0) {
    const zero = new Uint8Array(blockSize)
    const cryptogram = await encryptCbc(link, key, zero, message.subarray(0, chained)).catch(error => {
      if (!(error instanceof DriverError) || error.code !== 'ALGORITHM_NOT_ALLOWED') throw error
      const limit = `this key computes a CMAC over at most ${link.maximumData} bytes, got ${message.length}`
      throw new DriverError('ALGORITHM_NOT_ALLOWED', `${limit}; for longer messages it must allow CBC encryption, too`)
    })
    end = withFirstBlock(end, cryptogram.subarray(-blockSize))
  }
  const [mac] = await link.run([useCall(key, algorithm.aesCmac, end)])
  return expectOk(mac, `CMAC with key ${key.reference}`, ofKey)
}

async function derive(link: Link, key: KeyInfo, label: Uint8Array): Promise<Uint8Array> {
  const [secret] = await link.run([useCall(key, algorithm.aesDerive, label)])
  return expectOk(secret, `derive with key ${key.reference}`, ofKey)
}

function useCall({ reference, kind, label }: KeyInfo, id: number, input: Uint8Array) {
  if (kind !== 'AES') throw new RangeError(`wanted an AES key, ${label} is an ${kind} key`)
  return call(UseSecretKey, { key: reference, algorithm: id }, input, { le: input.length <= 0x100 ? 0x100 : 0x10000 })
}

/** Of what the card decrypted or encrypted with a vector of zero: with another one, or for it. */
function withFirstBlock(text: Uint8Array, block: Uint8Array): Uint8Array {
  const result = new Uint8Array(text)
  for (let i = 0; i < blockSize; i++) result[i]! ^= block[i]!
  return result
}

function* chunks(link: Link, text: Uint8Array): Generator<Uint8Array> {
  const size = blocksOf(Math.min(link.maximumData, link.maximumAnswer))
  for (let offset = 0; offset < text.length; offset += size) yield text.subarray(offset, offset + size)
}

function blocksOf(length: number): number {
  return length - (length % blockSize)
}

function asLong(input: Uint8Array, outcome: Parameters<typeof expectOk>[0], { reference }: KeyInfo): Uint8Array {
  const output: Uint8Array = expectOk(outcome, `AES with key ${reference}`, ofKey)
  if (output.length === input.length) return output
  throw new DriverError('MALFORMED', `AES with key ${reference}: ${input.length} bytes in, ${output.length} out`)
}

function checkBlocks(iv: Uint8Array, text: Uint8Array): void {
  if (iv.length !== blockSize) throw new RangeError(`wanted an initialisation vector of 16 bytes, got ${iv.length}`)
  if (text.length === 0 || text.length % blockSize !== 0) {
    throw new RangeError(`wanted whole blocks of 16 bytes, got ${text.length} bytes`)
  }
}
