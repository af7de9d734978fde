/** INITIALIZE DEVICE and the query of the device's status. */
import type { DeviceStatus, InitializeDevice } from '@keytether/card'
import { newSession } from '../card.ts'
import { type Handler, ok } from '../handler.ts'
import { initialAccess } from '../initial-access.ts'
import { mostDomains, newDomain } from '../key-domains.ts'
import { freeMemory, type KeyDomain } from '../state.ts'
import { version } from '../version.ts'
import { presentPin } from './verify.ts'

export const initializeDevice: Handler<typeof InitializeDevice> = (card, { data }) => {
  const { soPin, dkekShares, keyDomains, biometricServer1, biometricServer2 } = data
  // Before the PIN costs a try: biometrics are not there.
  if (biometricServer1 ?? biometricServer2) return { status: 'notSupported' }
  if (keyDomains !== undefined && (keyDomains < 1 || keyDomains > mostDomains)) return { status: 'wrongData' }
  const initial = initialAccess(data)
  if (typeof initial === 'string') return { status: initial }

  const { access, identity } = card.state
  if (access !== undefined) {
    const presented = presentPin(card, access, 'so', access.soPin, soPin)
    if (presented.status !== 'ok') return presented
  }
  card.session = { ...newSession(true), messaging: card.session.messaging }
  card.sessionPin = undefined
  card.state = {
    identity,
    access: initial,
    keys: new Map(),
    files: new Map(),
    keyDomains: domainsOf(dkekShares, keyDomains),
  }
  return ok
}

/** Shares are those of the first domain, which is set up at once; all others are set up later. */
function domainsOf(shares: number | undefined, count: number | undefined): (KeyDomain | undefined)[] | undefined {
  if (shares === undefined && count === undefined) return undefined
  const first = shares === undefined ? undefined : newDomain(shares)
  return [first, ...Array.from({ length: (count ?? 1) - 1 }, () => undefined)]
}

export const deviceStatus: Handler<typeof DeviceStatus> = ({ state }) => {
  const { major, minor } = version
  return { status: 'ok', data: { freeMemory: freeMemory(state), reserved: 0, major, minor } }
}
