/** Public key authentication: keys registered with the card, and authenticated by who holds them. */
import {
  AuthenticatedRequest,
  AuthenticationKeyInfo,
  AuthenticationStatus as AuthenticationStatusCommand,
  authenticationChallengeLength,
  authenticationMessage,
  ExternalAuthenticate,
  GetChallenge,
  type KeyRegistration,
  RegisterAuthenticationKey,
  ReplaceAuthenticationKey,
  SetAuthenticationKey,
  verifyRequest,
} from '@keytether/card'
import { DecodeError, decode } from '@keytether/codec'
import { requestsOf } from './attest.ts'
import { DriverError } from './errors.ts'
import { readInventory } from './inventory.ts'
import { call, type Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { Identity, KeyInfo, Version } from './types.ts'
import { verifyDeviceChain } from './verify-chain.ts'

export interface AuthenticationStatus {
  /** Keys that can be registered, and those of them that are not yet. */
  readonly total: number
  readonly missing: number
  /** Keys that must be authenticated to open the card, and that have been since its application was selected. */
  readonly required: number
  readonly authenticated: number
}

export interface AuthenticationKey {
  readonly index: number
  readonly holderReference: string
  readonly authenticated: boolean
}

/** To be signed with the key, by ECDSA with SHA-256. */
export interface AuthenticationChallenge {
  readonly keyReference: string
  readonly deviceReference: string
  readonly challenge: Uint8Array
}

/** Who holds the private key of a registered one. */
export interface KeyHolder {
  readonly holderReference: string
  /** r ‖ s of ECDSA with SHA-256, each of field size. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

export type ChallengeOutcome =
  | { readonly status: 'ok'; readonly challenge: AuthenticationChallenge }
  | { readonly status: 'alreadyAuthenticated' | 'unknownKey' }

export type AuthenticationOutcome =
  | { readonly status: 'authenticated' }
  | { readonly status: 'alreadyAuthenticated' }
  /** No key of that name is registered. */
  | { readonly status: 'unknownKey' }
  /** The challenge is spent, and nothing else. */
  | { readonly status: 'wrongSignature' }
  /** The card has no challenge open: it was answered, or the card was selected or reset since. */
  | { readonly status: 'noChallenge' }

/** Keys open the card together: n out of the m that are registered. */
export class Authentication {
  readonly #link: Link
  readonly #identity: Identity
  readonly #version: Version

  constructor(link: Link, identity: Identity, version: Version) {
    this.#link = link
    this.#identity = identity
    this.#version = version
  }

  /** Nothing if the card was not initialised for public key authentication. */
  status(): Promise<AuthenticationStatus | undefined> {
    return this.#link.alone(status)
  }

  /** The registered keys, by index. */
  keys(): Promise<AuthenticationKey[]> {
    return this.#link.alone(async link => {
      const { total } = (await status(link)) ?? { total: 0 }
      const calls = Array.from({ length: total }, (_, index) => call(AuthenticationKeyInfo, { index }, undefined))
      const slots = await link.run(calls)
      return slots.flatMap((slot, index) => {
        if (slot.status !== 'ok' && slot.status !== 'authenticated') return []
        return [{ index, ...slot.data, authenticated: slot.status === 'authenticated' }]
      })
    })
  }

  /**
   * One of this device's own keys, to be registered with another device: the key's request and who vouches for it.
   *
   * @throws DriverError `NOT_ATTESTED` if it is no elliptic curve key, or this device's request for it is not there any more
   */
  exportKey(reference: number): Promise<KeyRegistration> {
    return this.#link.alone(link => registrationOf(link, this.#identity, this.#version, reference))
  }

  /** This device's own elliptic curve keys, with the names that they are registered under elsewhere. */
  ownKeys(): Promise<{ readonly key: KeyInfo; readonly holderReference: string }[]> {
    return this.#link.alone(async link => {
      const keys = await named(link, this.#version)
      return keys.map(({ key, request }) => ({ key, holderReference: nameIn(request) }))
    })
  }

  /**
   * Registers a key of another device in the first free slot. Needs no log-in.
   *
   * @throws DriverError `NOT_SUPPORTED` if the card was not initialised for it, `NOT_ALLOWED` if the key is registered already
   *   or its request does not verify, `OUT_OF_MEMORY` if all are registered; `UNKNOWN_ROOT` or `NOT_GENUINE` for the device
   */
  register(registration: KeyRegistration): Promise<AuthenticationStatus> {
    return this.#link.alone(async link => {
      await verifyDeviceChain(link, chainOf(registration))
      const [outcome] = await link.run([call(RegisterAuthenticationKey, {}, registration.request)])
      return expectOk(outcome, 'register a key', refusals) ?? currentStatus(link)
    })
  }

  /** Registers a key in the place of another, where the options of the device allow it. After log-in. Otherwise as `register`. */
  replace(index: number, registration: KeyRegistration): Promise<AuthenticationStatus> {
    return this.#link.alone(async link => {
      await verifyDeviceChain(link, chainOf(registration))
      const [outcome] = await link.run([call(ReplaceAuthenticationKey, { index }, registration.request)])
      return expectOk(outcome, `replace key ${index}`, refusals) ?? currentStatus(link)
    })
  }

  /**
   * A challenge for the key of that name, good for one signature. The card has one challenge at a time: asking for another,
   * for whichever key, ends it.
   */
  challenge(keyReference: string): Promise<ChallengeOutcome> {
    return this.#link.alone(link => challenge(link, this.#identity, keyReference))
  }

  /** Presents the signature over the last challenge. */
  authenticate(keyReference: string, signature: Uint8Array): Promise<AuthenticationOutcome> {
    return this.#link.alone(link => authenticate(link, keyReference, signature))
  }

  /** Challenge and signature in one: nothing else is asked of the card while the holder signs. */
  authenticateWith(holder: KeyHolder): Promise<AuthenticationOutcome> {
    return this.#link.alone(async link => {
      const asked = await challenge(link, this.#identity, holder.holderReference)
      if (asked.status !== 'ok') return { status: asked.status }
      const { deviceReference, challenge: bytes } = asked.challenge
      const signature = await holder.sign(authenticationMessage(deviceReference, bytes))
      // Nothing comes between challenge and answer: whether a challenge outlives another command, cards need not agree.
      const [outcome] = await link.run([call(ExternalAuthenticate, {}, signature)])
      const presented = outcomeOf(outcome)
      // With the challenge just given, some cards mean the signature.
      return presented.status === 'noChallenge' ? { status: 'wrongSignature' } : presented
    })
  }
}

/** An elliptic curve key with what shows other cards that it is in this device. */
export async function registrationOf(
  link: Link,
  { chain: [device, issuer], devicePublicKey }: Identity,
  version: Version,
  reference: number,
): Promise<KeyRegistration> {
  const found = (await named(link, version)).find(({ key }) => key.reference === reference)
  if (found && verifyRequest(found.request, devicePublicKey)) {
    return { request: found.request, device: device!, issuer: issuer! }
  }
  throw new DriverError(
    'NOT_ATTESTED',
    `key ${reference} cannot be registered elsewhere: that takes an elliptic curve key and the request that this device ` +
      'has made for it; generate another key for this',
  )
}

async function status(link: Link): Promise<AuthenticationStatus | undefined> {
  const [outcome] = await link.run([call(AuthenticationStatusCommand, {}, undefined)])
  return outcome.status === 'ok' ? outcome.data : undefined
}

async function currentStatus(link: Link): Promise<AuthenticationStatus> {
  const current = await status(link)
  if (current) return current
  throw new DriverError('MALFORMED', 'the card registered a key, and then says that it has no such keys')
}

async function named(link: Link, version: Version) {
  const keys = (await readInventory(link, version)).keys.filter(({ kind }) => kind === 'EC')
  const requests = await requestsOf(link, version, keys)
  return keys.flatMap((key, index) => {
    const request = requestIn(requests[index])
    return request ? [{ key, request }] : []
  })
}

function requestIn(content: Uint8Array | undefined): AuthenticatedRequest | undefined {
  if (content === undefined) return undefined
  try {
    return decode(AuthenticatedRequest, content, { lengths: 'any' })
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function nameIn({ certificate }: AuthenticatedRequest): string {
  return certificate.value.body.value.holderReference
}

function chainOf({ request, device, issuer }: KeyRegistration) {
  const { holderReference, authorityReference } = device.body.value
  const linked = authorityReference === issuer.body.value.holderReference
  if (linked && request.authorityReference === holderReference) return [device, issuer]
  throw new DriverError(
    'NOT_ATTESTED',
    `the certificates in the registration are not those of ${request.authorityReference}, which has signed the request`,
  )
}

const refusals = {
  notConfigured: ['NOT_SUPPORTED', 'the card was not initialised for public key authentication'],
  notAllowed: ['NOT_ALLOWED', 'the key is registered already, its request does not verify, or the options forbid it'],
  full: ['OUT_OF_MEMORY', 'as many keys are registered as the card was initialised for'],
  noSuchKey: ['KEY_NOT_FOUND', 'no key is registered there'],
  keyNotFound: ['NOT_GENUINE', 'the card does not know the device that vouches for the key'],
  securityNotSatisfied: ['NOT_LOGGED_IN', 'log in first, by as many keys as it takes'],
} as const satisfies Parameters<typeof expectOk>[2]

async function challenge(link: Link, { holderReference }: Identity, keyReference: string): Promise<ChallengeOutcome> {
  const [chosen, random] = await link.run([
    call(SetAuthenticationKey, {}, { holderReference: keyReference }),
    call(GetChallenge, {}, undefined, { le: authenticationChallengeLength }),
  ])
  if (chosen.status === 'keyNotFound') return unknownKey(link, keyReference)
  if (chosen.status === 'alreadyAuthenticated') return { status: 'alreadyAuthenticated' }
  const bytes = expectOk(random, 'challenge')
  if (bytes.length !== authenticationChallengeLength) {
    throw new DriverError(
      'MALFORMED',
      `wanted ${authenticationChallengeLength} bytes of challenge, got ${bytes.length}`,
    )
  }
  return { status: 'ok', challenge: { keyReference, deviceReference: holderReference, challenge: bytes } }
}

async function authenticate(link: Link, keyReference: string, signature: Uint8Array): Promise<AuthenticationOutcome> {
  const [chosen, outcome] = await link.run([
    call(SetAuthenticationKey, {}, { holderReference: keyReference }),
    call(ExternalAuthenticate, {}, signature),
  ])
  if (chosen.status === 'alreadyAuthenticated') return { status: 'alreadyAuthenticated' }
  if (chosen.status === 'keyNotFound') return unknownKey(link, keyReference)
  return outcomeOf(outcome)
}

function outcomeOf(outcome: ReturnType<typeof ExternalAuthenticate.decodeResponse>): AuthenticationOutcome {
  switch (outcome.status) {
    case 'ok':
      return { status: 'authenticated' }
    case 'conditionsNotSatisfied':
      return { status: 'noChallenge' }
    case 'keyNotFound':
      return { status: 'unknownKey' }
    default:
      return { status: 'wrongSignature' }
  }
}

/** Not registered; or refused because others are not. */
async function unknownKey(link: Link, keyReference: string): Promise<{ status: 'unknownKey' }> {
  const { missing, total } = (await status(link)) ?? { missing: 0, total: 0 }
  if (missing === 0) return { status: 'unknownKey' }
  throw new DriverError(
    'NOT_ALLOWED',
    `the card does not take ${keyReference} yet: ${missing} of its ${total} keys are still to be registered, and it opens ` +
      'only when all are; register the others first',
  )
}
