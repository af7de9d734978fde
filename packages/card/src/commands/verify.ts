/**
 * VERIFY: present a PIN, or ask how many tries are left by presenting none.
 *
 * @see ISO/IEC 7816-4, VERIFY
 * @module
 */
import { always, bytes, oneOf, secret, struct } from '@keytether/codec'
import { anyOf, command, triesLeft } from '../command.ts'
import { sw } from '../status.ts'

/** The user PIN, and the security officer's PIN, which is the initialisation code. */
const pinReference = oneOf({ user: 0x81, so: 0x88, biometric1: 0x85, biometric2: 0x86 })

export const Verify = command({
  name: 'VERIFY',
  ins: 0x20,
  params: struct({ p1: always(0x00), reference: pinReference }),
  // 6 to 16 bytes for the user, 8 for the security officer, none to ask.
  data: secret(bytes({ max: 16 })),
  status: {
    wrongPin: triesLeft,
    /** Public key authentication is configured and not yet satisfied. */
    notAuthenticated: sw.authenticationFailed,
    blocked: sw.blocked,
    /** The transport PIN is still set and must be changed first. */
    transportPin: sw.referenceDataNotUsable,
    /** No such PIN: the device is not initialised. */
    notInitialized: anyOf(sw.referenceNotFound, sw.wrongP1P2),
    /** The card's own answer, as its vendor's software reads it; others say 6700. */
    wrongLength: anyOf(sw.wrongData, sw.wrongLength),
  },
})
