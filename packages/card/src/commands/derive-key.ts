/**
 * DERIVE KEY: the card makes an EC key out of another one and a number that both ends know, so that the host can compute the
 * new public key.
 *
 * @module
 */
import { always, bytes, secret, struct, u8 } from '@keytether/codec'
import { anyOf, command } from '../command.ts'
import { sw } from '../status.ts'
import { algorithm } from './use-key.ts'

export const DeriveKey = command({
  name: 'DERIVE KEY',
  cla: 0x80,
  ins: 0x76,
  params: struct({ key: u8, newKey: u8 }),
  /** The new private key is the sum of the old one and the parameter, a big-endian number. */
  data: struct({ algorithm: always(algorithm.ecDerive), parameter: secret(bytes()) }),
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    /** The use counter of the old key has run out. */
    exhausted: sw.referenceDataNotUsable,
    algorithmNotAllowed: anyOf(sw.notSupported, sw.conditionsNotSatisfied),
    wrongData: sw.wrongData,
    wrongLength: sw.wrongLength,
    outOfMemory: sw.outOfMemory,
    exists: sw.exists,
  },
})
