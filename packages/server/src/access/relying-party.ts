/**
 * The service as WebAuthn sees it: it asks authenticators to make passkeys and to sign with them, and verifies what they say.
 *
 * @see https://www.w3.org/TR/webauthn-3/, 7
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { bytes, decode, encode, struct } from '@keytether/codec'
import type { Invited, NewPasskey, Passkey, PasskeyKey } from '@keytether/hsm'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { RequestError } from '../errors.ts'

/** EdDSA, ES256 and RS256, as COSE numbers them. */
const algorithms = [-8, -7, -257]
const challengeMs = 5 * 60_000

/**
 * What an authenticator signs: random bytes, and until when they are good. The service keeps none that it gives, so nobody's is lost because
 * others ask for many.
 */
const Challenge = struct({ random: bytes(16), until: bytes(8), mac: bytes(32) })

/** Whom a challenge was given to: the id of somebody who makes a passkey; none: whoever signs in. */
type For = string | undefined

/** What an authenticator said was right. */
export interface Assertion {
  readonly key: PasskeyKey
  readonly signCount: number
}

// Only who uses passkeys waits until it is loaded.
const webAuthn = () => import('@simplewebauthn/server')

export class RelyingParty {
  readonly #origin: string
  readonly #id: string
  readonly #secret = randomBytes(32)
  /** Challenges that somebody has signed, until when they would be good, in the order in which they were signed. */
  readonly #signed = new Map<string, number>()

  /** @param url where browsers reach the service, as `https://hsm.example.com` */
  constructor(url: string) {
    const { origin, hostname } = new URL(url)
    this.#origin = origin
    this.#id = hostname
  }

  /** @returns PublicKeyCredentialCreationOptionsJSON */
  async creationOptions({ principal, name, tenant }: Invited, others: readonly Passkey[]) {
    const { generateRegistrationOptions } = await webAuthn()
    return generateRegistrationOptions({
      rpName: 'Keytether',
      rpID: this.#id,
      userID: new TextEncoder().encode(principal),
      userName: `${name} (${tenant})`,
      userDisplayName: name,
      challenge: this.#challenge(principal),
      timeout: challengeMs,
      attestationType: 'none',
      supportedAlgorithmIDs: algorithms,
      excludeCredentials: others.map(({ credentialId, transports }) => ({
        id: credentialId,
        transports: [...transports],
      })),
      // Nobody has to type a name, and what the authenticator asks of him is the second factor.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
  }

  /** @returns PublicKeyCredentialRequestOptionsJSON */
  async requestOptions() {
    const { generateAuthenticationOptions } = await webAuthn()
    const challenge = this.#challenge(undefined)
    return generateAuthenticationOptions({
      rpID: this.#id,
      challenge,
      timeout: challengeMs,
      userVerification: 'required',
    })
  }

  /**
   * @param principal its id
   * @throws RequestError BAD_REQUEST
   */
  async passkey(principal: string, name: string, response: unknown): Promise<NewPasskey> {
    const { verifyRegistrationResponse } = await webAuthn()
    const said = response as RegistrationResponseJSON
    try {
      await demandNoAttestation(said)
      const { registrationInfo } = await verifyRegistrationResponse({
        response: said,
        expectedChallenge: challenge => this.#isGiven(challenge, principal),
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        requireUserVerification: true,
        supportedAlgorithmIDs: algorithms,
      })
      if (registrationInfo === undefined) throw new Error('the attestation is not right')
      if (!this.#take(said)) throw new Error('the challenge was taken before')
      const { id, publicKey, counter, transports = [] } = registrationInfo.credential
      return { name, credentialId: id, publicKey: new Uint8Array(publicKey), signCount: counter, transports }
    } catch (error) {
      throw new RequestError('BAD_REQUEST', `wanted a new passkey for ${this.#origin}: ${(error as Error).message}`)
    }
  }

  /**
   * @param find whose key that is
   * @returns none: the signature is not right, of an unknown passkey, or of another challenge than one of here
   */
  async assertion(
    response: unknown,
    find: (credentialId: string) => Promise<PasskeyKey | undefined>,
  ): Promise<Assertion | undefined> {
    const { verifyAuthenticationResponse } = await webAuthn()
    const said = response as AuthenticationResponseJSON
    const key = await find(said.id)
    if (key === undefined) return undefined
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: said,
        expectedChallenge: challenge => this.#isGiven(challenge, undefined),
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        credential: { id: key.credentialId, publicKey: new Uint8Array(key.publicKey), counter: key.signCount },
        requireUserVerification: true,
      })
      const { userHandle } = said.response
      const owner = userHandle && Buffer.from(userHandle, 'base64url').toString()
      if (!verified || owner !== key.principal || !this.#take(said)) return undefined
      return { key, signCount: authenticationInfo.newCounter }
    } catch {
      return undefined
    }
  }

  #challenge(whom: For): Uint8Array<ArrayBuffer> {
    const until = new Uint8Array(8)
    new DataView(until.buffer).setBigUint64(0, BigInt(Date.now() + challengeMs))
    const random = new Uint8Array(randomBytes(16))
    return new Uint8Array(encode(Challenge, { random, until, mac: this.#mac(random, until, whom) }))
  }

  #isGiven(challenge: string, whom: For): boolean {
    const { random, until, mac } = decode(Challenge, fromBase64url(challenge))
    return timingSafeEqual(mac, this.#mac(random, until, whom)) && untilOf(until) > Date.now()
  }

  /** Each is good once. @returns whether this is the first time */
  #take({ response }: { readonly response: { readonly clientDataJSON: string } }): boolean {
    const now = Date.now()
    for (const [other, until] of this.#signed) {
      if (until > now) break
      this.#signed.delete(other)
    }
    const { challenge } = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString())
    const { random, until } = decode(Challenge, fromBase64url(challenge))
    const key = Buffer.from(random).toString('base64url')
    if (this.#signed.has(key)) return false
    this.#signed.set(key, untilOf(until))
    return true
  }

  #mac(random: Uint8Array, until: Uint8Array, whom: For): Uint8Array {
    const what = whom === undefined ? 'sign-in' : `passkey ${whom}`
    return createHmac('sha256', this.#secret).update(random).update(until).update(what).digest()
  }
}

function untilOf(bytes: Uint8Array): number {
  return Number(Buffer.from(bytes).readBigUInt64BE())
}

function fromBase64url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/**
 * None was asked for, so browsers send none, or one by the passkey itself. Certificates in one could name addresses that the service would ask
 * whether they are revoked.
 */
async function demandNoAttestation({ response }: RegistrationResponseJSON): Promise<void> {
  const { decodeAttestationObject, isoBase64URL } = await import('@simplewebauthn/server/helpers')
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject))
  const [format, statement] = [attestation.get('fmt'), attestation.get('attStmt')]
  if (format === 'none' || (format === 'packed' && statement.get('x5c') === undefined)) return
  throw new Error(`wanted no attestation, got one of the form ${format}`)
}
