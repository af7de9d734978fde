/**
 * SESSION PIN: the card makes a PIN that is as good as the user PIN while the session lasts, and tells it to who is logged in.
 *
 * @module
 */
import { always, bytes, secret, struct } from '@keytether/codec'
import { command } from '../command.ts'
import { sw } from '../status.ts'

/** Only through secure messaging, and after log-in. */
export const MakeSessionPin = command({
  name: 'SESSION PIN',
  cla: 0x80,
  ins: 0x5a,
  params: struct({ p1: always(0x01), p2: always(0x81) }),
  response: secret(bytes({ min: 6, max: 16 })),
  status: { securityNotSatisfied: sw.securityNotSatisfied, notSupported: sw.unknownInstruction },
})
