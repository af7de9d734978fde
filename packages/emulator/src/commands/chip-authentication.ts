/** Opening secure messaging. */
import {
  type AuthenticateChip,
  chipAuthenticationProtocol,
  chipHandshake,
  type SetSecureMessaging,
} from '@keytether/card'
import { equal } from '@keytether/codec'
import { type Handler, ok } from '../handler.ts'
import { agreeX } from '../keys/ec.ts'

export const setSecureMessaging: Handler<typeof SetSecureMessaging> = ({ session }, { data: { protocol } }) => {
  // Only AES: what the same protocol with 3DES is named, is refused.
  session.protocolChosen = equal(protocol, chipAuthenticationProtocol)
  return session.protocolChosen ? ok : { status: 'notSupported' }
}

/** Needs no log-in: the PIN is to be presented over the channel that this opens. */
export const authenticateChip: Handler<typeof AuthenticateChip> = (card, { data: { ephemeralKey } }) => {
  const { session, state } = card
  if (!session.protocolChosen) return { status: 'conditionsNotSatisfied' }
  session.protocolChosen = false
  const { privateKey } = state.identity
  const shared = agreeX(privateKey, ephemeralKey)
  if (!(shared instanceof Uint8Array)) return { status: 'wrongData' }
  const { session: messaging, ...answer } = chipHandshake(() => shared, ephemeralKey)
  session.messaging = messaging
  return { status: 'ok', data: answer }
}
