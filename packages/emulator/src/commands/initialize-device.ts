/** INITIALIZE DEVICE and the query of the device's status. */
import type { DeviceStatus, InitializeDevice } from '@keytether/card'
import { newSession } from '../card.ts'
import { type Handler, ok } from '../handler.ts'
import { initialAccess } from '../initial-access.ts'
import { freeMemory } from '../state.ts'
import { version } from '../version.ts'
import { presentPin } from './verify.ts'

export const initializeDevice: Handler<typeof InitializeDevice> = (card, { data }) => {
  const { options, userPin, soPin, pinTries, publicKeyAuthentication, ...features } = data
  // Before the PIN costs a try: key domains and biometrics are not there.
  if (Object.keys(features).length > 0) return { status: 'notSupported' }
  const initial = initialAccess(data)
  if (typeof initial === 'string') return { status: initial }

  const { access, identity } = card.state
  if (access !== undefined) {
    const presented = presentPin(card, access, 'so', access.soPin, soPin)
    if (presented.status !== 'ok') return presented
  }
  card.session = { ...newSession(true), messaging: card.session.messaging }
  card.sessionPin = undefined
  card.state = { identity, access: initial, keys: new Map(), files: new Map() }
  return ok
}

export const deviceStatus: Handler<typeof DeviceStatus> = ({ state }) => {
  const { major, minor } = version
  return { status: 'ok', data: { freeMemory: freeMemory(state), reserved: 0, major, minor } }
}
