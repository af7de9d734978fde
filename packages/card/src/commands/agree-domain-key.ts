/**
 * DECIPHER with the algorithm for key domains: two members of a group agree on the key of their domain, each with an exchange
 * key in it and the request of the other's.
 *
 * @module
 */
import { always, type Codec, struct, u8 } from '@keytether/codec'
import { anyOf, command } from '../command.ts'
import { AuthenticatedRequestContent } from '../cvc/certificate.ts'
import { sw } from '../status.ts'

type Content = ReturnType<typeof AuthenticatedRequestContent.read>

/** Absent: what was written to the scratch file before, for cards with short APDUs. */
const data: Codec<Content | undefined> = {
  write: (out, value) => (value === undefined ? undefined : AuthenticatedRequestContent.write(out, value)),
  read: input => (input.left === 0 ? undefined : AuthenticatedRequestContent.read(input)),
}

/** The card has verified the device that has signed the request, and it is the one chosen, see `SetVerificationKey`. */
export const AgreeDomainKey = command({
  name: 'AGREE ON DOMAIN KEY',
  cla: 0x80,
  ins: 0x62,
  params: struct({ key: u8, algorithm: always(0x84) }),
  data,
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    exhausted: anyOf(sw.referenceDataNotUsable, sw.outOfMemory),
    /** The key is no exchange key of a group domain. */
    algorithmNotAllowed: sw.notSupported,
    /** The request does not verify, or is for another group. */
    notVerified: sw.conditionsNotSatisfied,
    /** The card has not verified the device that the request names, or another one is chosen. */
    keyNotFound: sw.referenceNotFound,
    /** No request, or of a key on another curve. */
    wrongData: sw.wrongData,
  },
})
