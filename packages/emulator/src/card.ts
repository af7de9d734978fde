/** The card while it has power, as its commands find and leave it. */
import type { SecureMessaging } from '@keytether/card'
import type { CardState } from './state.ts'

export interface Card {
  state: CardState
  session: Session
}

/** What a reset ends. */
export interface Session {
  /** The application is selected. */
  selected: boolean
  /** Whose PIN was presented. */
  readonly verified: Set<'user' | 'so'>
  /** The file that READ and UPDATE BINARY mean where they name none. */
  currentFile?: number | undefined
  /** Chip authentication was announced and is to follow. */
  protocolChosen: boolean
  /** Open if present. */
  messaging?: SecureMessaging | undefined
}

export function newSession(selected: boolean): Session {
  return { selected, verified: new Set(), protocolChosen: false }
}

/** The user has presented the PIN: keys may be used, files written. */
export function isLoggedIn({ session }: Card): boolean {
  return session.verified.has('user')
}
