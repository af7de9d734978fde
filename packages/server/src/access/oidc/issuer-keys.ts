/**
 * The keys of an issuer, found by its discovery document, remembered for a while, and read again when a token names one that is not
 * among them.
 *
 * @see OpenID Connect Discovery, 4
 * @see OpenID Connect Core, 10.1.1: keys are rotated by publishing the new one, and a token that names an unknown one has them read again
 */
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose'

type Keys = ReturnType<typeof createLocalJWKSet>

export interface IssuerKeysOptions {
  /** The `iss` of the tokens. */
  readonly url: string
  /** A JSON document. */
  read(url: string): Promise<unknown>
  now(): number
}

const freshMs = 10 * 60_000
/** How long keys are used while they cannot be read again. */
const staleMs = 24 * 3_600_000
/** Whoever makes tokens up that name unknown keys causes one request in this time. */
const coolDownMs = 10_000
const [firstBackOffMs, mostBackOffMs] = [1_000, 5 * 60_000]

export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  #keys: { readonly find: Keys; readonly at: number } | undefined
  #reading: Promise<void> | undefined
  #coolUntil = 0
  #failed: { readonly error: Error; readonly until: number; readonly times: number } | undefined

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /** The key that a token names. @throws Error in words */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): ReturnType<Keys> {
    const now = this.#options.now()
    if (this.#keys === undefined || now - this.#keys.at > freshMs) await this.#readAgain()
    try {
      return await this.#keys!.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || now < this.#coolUntil) throw error
      this.#coolUntil = now + coolDownMs
      await this.#readAgain()
      return this.#keys!.find(header, token)
    }
  }

  /** Once for all who wait for it. What there is goes on if it fails, for a day. */
  async #readAgain(): Promise<void> {
    const { now } = this.#options
    try {
      if (this.#failed !== undefined && now() < this.#failed.until) throw this.#failed.error
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    } catch (error) {
      if (this.#keys === undefined || now() - this.#keys.at > staleMs) throw error
    }
  }

  async #read(): Promise<void> {
    const { url, now } = this.#options
    try {
      const { issuer, jwks_uri: location } = object(await this.#options.read(discoveryOf(url)), 'a discovery document')
      if (issuer !== url)
        throw new Error(`wanted the discovery document of ${url}, got that of ${JSON.stringify(issuer)}`)
      if (typeof location !== 'string') throw new Error('there is no jwks_uri in the discovery document')
      const set = object(await this.#options.read(location), 'a JSON Web Key Set')
      if (!Array.isArray(set.keys)) throw new Error(`wanted a JSON Web Key Set at ${location}`)
      this.#keys = { find: createLocalJWKSet({ keys: set.keys }), at: now() }
      this.#failed = undefined
    } catch (error) {
      const times = (this.#failed?.times ?? 0) + 1
      const backOffMs = Math.min(firstBackOffMs * 2 ** (times - 1), mostBackOffMs)
      this.#failed = { error: error as Error, until: now() + backOffMs, times }
      throw error
    }
  }
}

function discoveryOf(url: string): string {
  return `${url.replace(/\/$/, '')}/.well-known/openid-configuration`
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new Error(`wanted ${what}, which is a JSON object`)
}
