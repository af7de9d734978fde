/**
 * GET CHALLENGE: random bytes from the chip, as many as Le asks for, at most 1024.
 *
 * @see ISO/IEC 7816-4, GET CHALLENGE
 * @module
 */
import { always, secret, struct } from '@keytether/codec'
import { command, opaque } from '../command.ts'
import { sw } from '../status.ts'

export const GetChallenge = command({
  name: 'GET CHALLENGE',
  ins: 0x84,
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  /** Keys are made of such bytes. */
  response: secret(opaque),
  status: { wrongLength: sw.wrongLength },
})
