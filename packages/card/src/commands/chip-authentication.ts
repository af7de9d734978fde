/**
 * Opening secure messaging: the protocol is named, then the host's ephemeral key is answered with a nonce and a token.
 *
 * @see BSI TR-03110-3, B.2 (Chip Authentication, version 2)
 * @module
 */
import { always, bytes, struct, tlv, tlvs } from '@keytether/codec'
import { command } from '../command.ts'
import { sw } from '../status.ts'

export const SetSecureMessaging = command({
  name: 'MANAGE SECURITY ENVIRONMENT',
  ins: 0x22,
  params: struct({ p1: always(0x41), p2: always(0xa4) }),
  data: tlvs({ protocol: tlv(0x80, bytes({ min: 1, max: 16 })) }),
  status: { notSupported: sw.wrongData },
})

export const AuthenticateChip = command({
  name: 'GENERAL AUTHENTICATE',
  ins: 0x86,
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  data: tlv(0x7c, tlvs({ ephemeralKey: tlv(0x80, bytes({ min: 1, max: 133 })) })),
  response: tlv(0x7c, tlvs({ nonce: tlv(0x81, bytes(8)), token: tlv(0x82, bytes(8)) })),
  status: { wrongData: sw.wrongData, conditionsNotSatisfied: sw.conditionsNotSatisfied },
})
