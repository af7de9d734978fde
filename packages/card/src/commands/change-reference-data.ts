/**
 * CHANGE REFERENCE DATA: the old PIN and the new one, with nothing in between.
 *
 * @see ISO/IEC 7816-4, CHANGE REFERENCE DATA
 * @module
 */
import { always, bytes, oneOf, secret, struct } from '@keytether/codec'
import { anyOf, command, triesLeft } from '../command.ts'
import { sw } from '../status.ts'

export const ChangeReferenceData = command({
  name: 'CHANGE REFERENCE DATA',
  ins: 0x24,
  params: struct({ p1: always(0x00), reference: oneOf({ user: 0x81, so: 0x88 }) }),
  // The card knows the length of the old value.
  data: secret(bytes({ max: 32 })),
  status: {
    wrongPin: triesLeft,
    blocked: sw.blocked,
    notInitialized: sw.referenceNotFound,
    wrongLength: anyOf(sw.wrongData, sw.wrongLength),
    notAllowed: sw.notAllowed,
  },
})
