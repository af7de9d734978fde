/**
 * Authenticating a registered key: it is chosen by its name, the card gives a challenge of eight bytes, and takes the key's
 * signature over its own name and the challenge.
 *
 * @see ISO/IEC 7816-4, MANAGE SECURITY ENVIRONMENT and EXTERNAL AUTHENTICATE
 * @module
 */
import { always, bytes, concat, encode, struct, tlv, tlvs } from '@keytether/codec'
import { command } from '../command.ts'
import { reference } from '../cvc/certificate.ts'
import { sw } from '../status.ts'

export const SetAuthenticationKey = command({
  name: 'MANAGE SECURITY ENVIRONMENT for authentication',
  ins: 0x22,
  params: struct({ p1: always(0x81), p2: always(0xa4) }),
  data: tlvs({ holderReference: tlv(0x83, reference) }),
  status: {
    alreadyAuthenticated: sw.conditionsNotSatisfied,
    keyNotFound: sw.referenceNotFound,
  },
})

export const authenticationChallengeLength = 8

/** What the key signs, with ECDSA and SHA-256. */
export function authenticationMessage(deviceReference: string, challenge: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(encode(reference, deviceReference), challenge)
}

export const ExternalAuthenticate = command({
  name: 'EXTERNAL AUTHENTICATE',
  ins: 0x82,
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  // r ‖ s, each of field size.
  data: bytes({ min: 1, max: 1024 }),
  status: {
    wrongSignature: sw.authenticationFailed,
    /** No challenge was asked for, or no key chosen, or it is authenticated already. */
    conditionsNotSatisfied: sw.conditionsNotSatisfied,
    keyNotFound: sw.referenceNotFound,
    wrongLength: sw.wrongLength,
  },
})
