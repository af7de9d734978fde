/**
 * The service as WebAuthn sees it: it asks authenticators to make passkeys and to sign with them, and verifies what they say.
 *
 * @see https://www.w3.org/TR/webauthn-3/, 7
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Invited, NewPasskey, Passkey, PasskeyKey } from '@keytether/hsm'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { RequestError } from '../errors.ts'

/** EdDSA, ES256 and RS256, as COSE numbers them. */
const algorithms = [-8, -7, -257]
const challengeMs = 5 * 60_000
const mostChallenges = 10_000

/** Whom a challenge was given to: somebody who makes a passkey, or whoever signs in. */
type For = { readonly principal: string } | 'anybody'

interface Challenge {
  readonly for: For
  readonly until: number
}

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
  /** In the order in which they were given; each is good once. */
  readonly #challenges = new Map<string, Challenge>()

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
      challenge: this.#challenge({ principal }),
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
    const challenge = this.#challenge('anybody')
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
        expectedChallenge: challenge => this.#take(challenge, { principal }),
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        requireUserVerification: true,
        supportedAlgorithmIDs: algorithms,
      })
      if (registrationInfo === undefined) throw new Error('the attestation is not right')
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
        expectedChallenge: challenge => this.#take(challenge, 'anybody'),
        expectedOrigin: this.#origin,
        expectedRPID: this.#id,
        credential: { id: key.credentialId, publicKey: new Uint8Array(key.publicKey), counter: key.signCount },
        requireUserVerification: true,
      })
      const { userHandle } = said.response
      const owner = userHandle && Buffer.from(userHandle, 'base64url').toString()
      return verified && owner === key.principal ? { key, signCount: authenticationInfo.newCounter } : undefined
    } catch {
      return undefined
    }
  }

  #challenge(whom: For): Uint8Array<ArrayBuffer> {
    const now = Date.now()
    for (const [other, { until }] of this.#challenges) {
      if (until > now && this.#challenges.size < mostChallenges) break
      this.#challenges.delete(other)
    }
    const challenge = new Uint8Array(randomBytes(32))
    this.#challenges.set(Buffer.from(challenge).toString('base64url'), { for: whom, until: now + challengeMs })
    return challenge
  }

  #take(challenge: string, whom: For): boolean {
    const given = this.#challenges.get(challenge)
    this.#challenges.delete(challenge)
    return given !== undefined && given.until > Date.now() && nameOf(given.for) === nameOf(whom)
  }
}

function nameOf(whom: For): string | undefined {
  return whom === 'anybody' ? undefined : whom.principal
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
