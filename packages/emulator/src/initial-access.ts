/** What INITIALIZE DEVICE says of who may open the card, if it goes together. */
import { type DataOf, deviceOptions, type InitializeDevice } from '@keytether/card'
import { newPin, soPinTries, userPinLength } from './pin.ts'
import type { Access } from './state.ts'

const supportedOptions = Object.values(deviceOptions).reduce((all, bit) => all | bit, 0)
const usualTries = 3
/** Keys that can be registered for public key authentication. */
const mostKeys = 90

type Wanted = Pick<
  DataOf<typeof InitializeDevice>,
  'options' | 'userPin' | 'soPin' | 'pinTries' | 'publicKeyAuthentication'
>

export function initialAccess({
  options,
  userPin,
  soPin,
  pinTries = usualTries,
  publicKeyAuthentication: keys,
}: Wanted): Access | 'wrongData' | 'notSupported' {
  if ((options & ~supportedOptions) !== 0) return 'notSupported'
  const has = (option: number) => (options & option) !== 0
  const combined = has(deviceOptions.combinedAuthentication)
  if (keys && (keys.required < 1 || keys.required > keys.total || keys.total > mostKeys)) return 'wrongData'
  if (combined ? !keys || !userPin : !keys && !userPin) return 'wrongData'
  if (pinTries < 1 || pinTries > mostTries(userPin)) return 'wrongData'
  // Where keys alone open the card, a PIN that comes with them would be a way round them.
  const pin = keys && !combined ? undefined : userPin
  return {
    options,
    transportPin: pin !== undefined && has(deviceOptions.transportPin),
    ...(pin && { userPin: newPin(pin, pinTries) }),
    soPin: newPin(soPin, soPinTries),
    ...(keys && { publicKeyAuthentication: { ...keys, keys: new Map() } }),
  }
}

/** Short PINs may not be tried often. */
function mostTries(pin: Uint8Array | undefined): number {
  const length = pin?.length ?? userPinLength.max
  return length === 6 ? 3 : length === 7 ? 5 : 10
}
