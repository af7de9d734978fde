/** What applications do with keys. Everything that takes a private or secret key happens on a token. */
import { randomBytes } from 'node:crypto'
import { concat } from '@keytether/codec'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Keys } from '../keys/keys.ts'
import type { Purpose, UsableKey } from '../keys/usable.ts'
import type { Caller } from '../principals/caller.ts'
import { openCms } from './cms/open-cms.ts'
import { DataKeys, type UsedKey } from './data-keys.ts'
import { Envelopes } from './envelopes.ts'
import { type KeyUse, useOnMember } from './members.ts'
import { agree, type DecryptionPadding, decryptRsa, mustFitModulus, pointOnCurveOf } from './private-key-uses.ts'
import { mostRandom, RandomSource } from './random.ts'
import { computeMac, decryptCbc, deriveSecret, encryptCbc, withoutPadding } from './secret-key-uses.ts'
import {
  inFormat,
  planSignature,
  type SignatureFormat,
  type SignatureOptions,
  signatureUse,
  type ToSign,
  verifies,
} from './sign.ts'

/** A key by its name or id, and one of its versions; default the primary one. */
export interface WhichKey {
  readonly key: string
  readonly version?: number | undefined
}

export interface Signature extends UsedKey {
  readonly algorithm: string
  readonly format: SignatureFormat
  readonly signature: Uint8Array
}

const vectorSize = 16

/**
 * All methods throw HsmError NOT_FOUND, FORBIDDEN, WRONG_STATE, NO_DEVICE, BUSY, TIMEOUT, KEY_NOT_USABLE; WRONG_SCHEME if the key is of another
 * type than is needed, and INVALID for what cannot be.
 */
export class Cryptography {
  readonly dataKeys: DataKeys
  readonly envelopes: Envelopes
  readonly #parts: Foundation & { readonly keys: Keys }
  readonly #random: RandomSource

  constructor(foundation: Foundation, keys: Keys) {
    this.#parts = { ...foundation, keys }
    this.dataKeys = new DataKeys(this.#parts)
    this.envelopes = new Envelopes(this.dataKeys)
    this.#random = new RandomSource(foundation)
  }

  /** The signature is verified before it is given out. */
  async sign(
    caller: Caller,
    which: WhichKey,
    input: ToSign,
    options: SignatureOptions,
    signal: AbortSignal,
  ): Promise<Signature> {
    const usable = this.#usable(caller, which, 'sign')
    const plan = planSignature(usable, input, options)
    const { answer } = await useOnMember(this.#parts, usable, signatureUse(plan), signal)
    const { algorithm, format } = plan
    return { ...used(usable), algorithm, format, signature: inFormat(plan, answer) }
  }

  /** By the public key; no token does anything. */
  verify(caller: Caller, which: WhichKey, input: ToSign, signature: Uint8Array, options: SignatureOptions) {
    const usable = this.#usable(caller, which, 'verify')
    const plan = planSignature(usable, input, options)
    return { ...used(usable), algorithm: plan.algorithm, valid: verifies(plan, signature) }
  }

  /** What was encrypted to an RSA key. */
  async decrypt(
    caller: Caller,
    which: WhichKey,
    ciphertext: Uint8Array,
    padding: DecryptionPadding,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly plaintext: Uint8Array }> {
    // The private operation by itself makes signatures, too, and what is deactivated makes none.
    const usable = this.#usable(caller, which, padding.kind === 'RAW' ? 'sign' : 'decrypt', 'RSA')
    mustFitModulus(ciphertext, anyInfo(usable))
    return { ...used(usable), plaintext: await this.#use(usable, decryptRsa(ciphertext, padding), signal) }
  }

  /** Diffie-Hellman with an EC key. */
  async agree(
    caller: Caller,
    which: WhichKey,
    publicKey: Uint8Array,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly secret: Uint8Array }> {
    const usable = this.#usable(caller, which, 'decrypt', 'EC')
    const point = pointOnCurveOf(anyInfo(usable).publicKey, publicKey)
    return { ...used(usable), secret: await this.#use(usable, agree(point), signal) }
  }

  /** AES-CBC on the chip. It keeps secrets and notices no change: that is what envelopes are for. */
  async encryptCbc(
    caller: Caller,
    which: WhichKey,
    plaintext: Uint8Array,
    { iv = new Uint8Array(randomBytes(vectorSize)), padding = 'PKCS7' }: CbcOptions,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly iv: Uint8Array; readonly ciphertext: Uint8Array }> {
    const usable = this.#usable(caller, which, 'encrypt', 'AES')
    mustBeVector(iv)
    return { ...used(usable), iv, ciphertext: await this.#use(usable, encryptCbc(iv, plaintext, padding), signal) }
  }

  async decryptCbc(
    caller: Caller,
    which: WhichKey,
    ciphertext: Uint8Array,
    { iv, padding = 'PKCS7' }: CbcOptions & { readonly iv: Uint8Array },
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly plaintext: Uint8Array }> {
    const usable = this.#usable(caller, which, 'decrypt', 'AES')
    mustBeVector(iv)
    const text = await this.#use(usable, decryptCbc(iv, ciphertext), signal)
    return { ...used(usable), plaintext: padding === 'PKCS7' ? withoutPadding(text) : text }
  }

  /** AES-CMAC on the chip. */
  async mac(
    caller: Caller,
    which: WhichKey,
    message: Uint8Array,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly mac: Uint8Array }> {
    const usable = this.#usable(caller, which, 'mac', 'AES')
    return { ...used(usable), mac: await this.#use(usable, computeMac(message), signal) }
  }

  /** 32 bytes that only the key and the label lead to. */
  async derive(
    caller: Caller,
    which: WhichKey,
    label: Uint8Array,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly secret: Uint8Array }> {
    const usable = this.#usable(caller, which, 'derive', 'AES')
    return { ...used(usable), secret: await this.#use(usable, deriveSecret(label), signal) }
  }

  /** The content of a CMS message that was encrypted to an RSA or EC key. */
  async openCms(
    caller: Caller,
    which: WhichKey,
    message: Uint8Array,
    signal: AbortSignal,
  ): Promise<UsedKey & { readonly content: Uint8Array }> {
    const usable = this.#usable(caller, which, 'decrypt')
    const content = await openCms(message, anyInfo(usable), use => this.#use(usable, use, signal))
    return { ...used(usable), content }
  }

  /**
   * Random bytes of tokens, mixed with those of this machine.
   *
   * @param group by name or id; default: any group with a member that is ready
   */
  async random(caller: Caller, length: number, group: string | undefined, signal: AbortSignal): Promise<Uint8Array> {
    const id = await this.#groupForRandom(caller, group)
    const parts: Uint8Array[] = []
    for (let left = length; left > 0; left -= mostRandom) {
      parts.push(await this.#random.take(caller.tenant!, id, Math.min(left, mostRandom), signal))
    }
    return concat(...parts)
  }

  async #groupForRandom({ tenant }: Caller, group: string | undefined): Promise<string> {
    const rows = await this.#parts.store.db
      .selectFrom('groups')
      .select(['id', 'name'])
      .where('tenant_id', '=', tenant)
      .orderBy('id')
      .execute()
    const wanted = rows.filter(({ id, name }) => group === undefined || id === group || name === group)
    if (wanted.length === 0 && group !== undefined) throw new HsmError('NOT_FOUND', `there is no group ${group}`)
    const found = wanted.find(({ id }) => this.#parts.pools.of(id).members.length > 0)
    if (found !== undefined) return found.id
    throw new HsmError('NO_DEVICE', 'no token that could give random bytes is ready', { retryAfterMs: 2_000 })
  }

  async #use<T>(usable: UsableKey, use: KeyUse<T>, signal: AbortSignal): Promise<T> {
    return (await useOnMember(this.#parts, usable, use, signal)).answer
  }

  #usable(caller: Caller, { key, version }: WhichKey, purpose: Purpose, kind?: 'RSA' | 'EC' | 'AES'): UsableKey {
    const usable = this.#parts.keys.usable(caller, key, purpose, version)
    if (kind === undefined || usable.key.kind === kind) return usable
    throw new HsmError('WRONG_SCHEME', `this takes an ${kind} key, and ${usable.key.name} is an ${usable.key.kind} key`)
  }
}

interface CbcOptions {
  /** 16 bytes; default random ones. */
  readonly iv?: Uint8Array | undefined
  readonly padding?: 'PKCS7' | 'none' | undefined
}

function mustBeVector(iv: Uint8Array): void {
  if (iv.length !== vectorSize) throw new HsmError('INVALID', `wanted a vector of 16 bytes, got ${iv.length}`)
}

function anyInfo({ instances }: UsableKey) {
  const [info] = instances.values()
  return info!
}

function used({ key, version }: UsableKey): UsedKey {
  return { key: key.name, version: version.version }
}
