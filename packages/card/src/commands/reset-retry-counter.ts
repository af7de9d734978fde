/**
 * RESET RETRY COUNTER: the security officer unblocks the user PIN, and sets a new one unless the device forbids it.
 *
 * @see ISO/IEC 7816-4, RESET RETRY COUNTER
 * @module
 */
import { always, bytes, oneOf, secret, struct } from '@keytether/codec'
import { anyOf, command, triesLeft } from '../command.ts'
import { sw } from '../status.ts'

export const ResetRetryCounter = command({
  name: 'RESET RETRY COUNTER',
  ins: 0x2c,
  params: struct({ mode: oneOf({ setPin: 0x00, counterOnly: 0x01 }), reference: always(0x81) }),
  // The security officer's PIN, 8 bytes; with `setPin` the new user PIN, 6 to 16 bytes, follows.
  data: secret(bytes({ max: 24 })),
  status: {
    wrongPin: triesLeft,
    blocked: sw.blocked,
    notInitialized: sw.referenceNotFound,
    wrongLength: anyOf(sw.wrongData, sw.wrongLength),
    /** The device was initialised without this right. */
    notAllowed: anyOf(sw.notAllowed, sw.conditionsNotSatisfied),
  },
})
