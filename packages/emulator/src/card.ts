/** The card while it has power, as its commands find and leave it. */
import { type DomainParameters, deviceOptions, type EcPublicKey, type SecureMessaging } from '@keytether/card'
import type { CardState } from './state.ts'

export interface Card {
  state: CardState
  session: Session
  /** As good as the user PIN. What ends it, the options of the device say; it is never stored. */
  sessionPin?: Uint8Array | undefined
}

/** A public key that the card believes, and what its certificate lets it do. */
export interface TrustedKey {
  readonly key: EcPublicKey & { readonly domain: DomainParameters }
  readonly level: 'root' | 'issuer' | 'device'
}

/** What a reset ends. */
export interface Session {
  /** The application is selected. */
  selected: boolean
  /** Whose PIN was presented. */
  readonly verified: Set<'user' | 'so'>
  /** Slots of the keys that were authenticated. */
  readonly authenticated: Set<number>
  /** Name of the keys that one of is to authenticate itself, and the challenge for it. */
  authenticationKey?: string | undefined
  challenge?: Uint8Array | undefined
  /** By holder reference. */
  readonly verifiedKeys: Map<string, TrustedKey>
  /** Name of the key that is to have signed the next certificate or request. */
  verificationKey?: string | undefined
  /** The file that READ and UPDATE BINARY mean where they name none. */
  currentFile?: number | undefined
  /** Chip authentication was announced and is to follow. */
  protocolChosen: boolean
  /** Open if present. */
  messaging?: SecureMessaging | undefined
}

export function newSession(selected: boolean): Session {
  return { selected, verified: new Set(), authenticated: new Set(), verifiedKeys: new Map(), protocolChosen: false }
}

/** The user has presented the PIN, enough keys are authenticated, or both: keys may be used, files written. */
export function isLoggedIn(card: Card): boolean {
  const { session, state } = card
  if (state.access?.publicKeyAuthentication === undefined) return session.verified.has('user')
  return areKeysAuthenticated(card) && (!isCombined(state) || session.verified.has('user'))
}

/** As many keys as the card asks for have been authenticated. */
export function areKeysAuthenticated({ session, state }: Card): boolean {
  return session.authenticated.size >= (state.access?.publicKeyAuthentication?.required ?? 0)
}

/** Public keys are to open the card, and some of them are still to be registered. */
export function awaitsKeys({ state: { access } }: Card): boolean {
  const { total, keys } = access?.publicKeyAuthentication ?? { total: 0, keys: new Map() }
  return keys.size < total
}

/** Only a power cut ends the session PIN, or what sets another PIN. */
export function keepsSessionPin({ state }: Card): boolean {
  const { sessionPinClearedOnReset, replaceAuthenticationKey } = deviceOptions
  const explicit = sessionPinClearedOnReset | replaceAuthenticationKey
  return ((state.access?.options ?? 0) & explicit) === explicit
}

function isCombined({ access }: CardState): boolean {
  return ((access?.options ?? 0) & deviceOptions.combinedAuthentication) !== 0
}
