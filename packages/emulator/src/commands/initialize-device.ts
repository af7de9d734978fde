/** INITIALIZE DEVICE and the query of the device's status. */
import { type DeviceStatus, deviceOptions, type InitializeDevice } from '@keytether/card'
import { type Handler, ok } from '../handler.ts'
import { newPin, soPinTries } from '../pin.ts'
import { freeMemory } from '../state.ts'
import { version } from '../version.ts'
import { presentPin } from './verify.ts'

const supportedOptions = deviceOptions.resetRetryCounter | deviceOptions.transportPin | deviceOptions.resetCounterOnly

const usualTries = 3

/** Short PINs may not be tried often. */
function mostTries({ length }: Uint8Array): number {
  return length === 6 ? 3 : length === 7 ? 5 : 10
}

export const initializeDevice: Handler<typeof InitializeDevice> = (card, { data }) => {
  const { options, userPin, soPin, pinTries = usualTries, ...features } = data
  // Before the PIN costs a try: key domains, public key authentication and biometrics are not there.
  if (Object.keys(features).length > 0 || (options & ~supportedOptions) !== 0) return { status: 'notSupported' }
  if (userPin === undefined || pinTries < 1 || pinTries > mostTries(userPin)) return { status: 'wrongData' }

  const { access, identity } = card.state
  if (access !== undefined) {
    const presented = presentPin(card, access, 'so', access.soPin, soPin)
    if (presented.status !== 'ok') return presented
  }
  card.session.verified.clear()
  card.session.currentFile = undefined
  card.state = {
    identity,
    access: {
      options,
      transportPin: (options & deviceOptions.transportPin) !== 0,
      userPin: newPin(userPin, pinTries),
      soPin: newPin(soPin, soPinTries),
    },
    keys: new Map(),
    files: new Map(),
  }
  return ok
}

export const deviceStatus: Handler<typeof DeviceStatus> = ({ state }) => {
  const { major, minor } = version
  return { status: 'ok', data: { freeMemory: freeMemory(state), reserved: 0, major, minor } }
}
