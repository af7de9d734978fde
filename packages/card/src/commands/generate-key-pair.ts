/**
 * GENERATE ASYMMETRIC KEY PAIR: the card makes the key and a request that its device key has signed.
 *
 * @module
 */
import { bytes, optional, struct, tlv, tlvs, u8, u32 } from '@keytether/codec'
import { command, opaque } from '../command.ts'
import { reference } from '../cvc/certificate.ts'
import { KeyParameters } from '../cvc/public-key.ts'
import { sw } from '../status.ts'

export const GenerateKeyPair = command({
  name: 'GENERATE KEY PAIR',
  ins: 0x46,
  // The signing key is the device key; cards from 3.0 know no other.
  params: struct({ key: u8, signingKey: u8 }),
  data: tlvs(
    {
      profile: tlv(0x5f29, u8),
      authorityReference: optional(tlv(0x42, reference)),
      parameters: tlv(0x7f49, KeyParameters),
      holderReference: tlv(0x5f20, reference),
      outerAuthorityReference: optional(tlv(0x45, reference)),
      useCounter: optional(tlv(0x90, u32)),
      algorithms: optional(tlv(0x91, bytes({ max: 16 }))),
      keyDomain: optional(tlv(0x92, u8)),
      wrappingKey: optional(tlv(0x93, u8)),
    },
    { order: 'any' },
  ),
  // The authenticated request, which the card also stores beside the key; empty if Le was absent.
  response: opaque,
  le: 0x10000,
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    wrongData: sw.wrongData,
    notSupported: sw.notSupported,
    outOfMemory: sw.outOfMemory,
    exists: sw.exists,
    /** The key domain is not set up. */
    domainNotSetUp: sw.referenceNotFound,
  },
})
