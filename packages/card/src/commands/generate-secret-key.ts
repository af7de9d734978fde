/**
 * GENERATE SECRET KEY: the card makes an AES key. It says nothing of it; the host describes it.
 *
 * @module
 */
import { bytes, oneOf, optional, struct, tlv, tlvs, u8, u32 } from '@keytether/codec'
import { anyOf, command } from '../command.ts'
import { sw } from '../status.ts'

export const GenerateSecretKey = command({
  name: 'GENERATE SECRET KEY',
  ins: 0x48,
  params: struct({ key: u8, type: oneOf({ aes128: 0xb0, aes192: 0xb1, aes256: 0xb2 }) }),
  data: tlvs(
    {
      useCounter: optional(tlv(0x90, u32)),
      algorithms: optional(tlv(0x91, bytes({ max: 16 }))),
      keyDomain: optional(tlv(0x92, u8)),
      wrappingKey: optional(tlv(0x93, u8)),
    },
    { order: 'any' },
  ),
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    wrongData: sw.wrongData,
    /** Cards before 3.0 do not know the instruction. */
    notSupported: anyOf(sw.notSupported, sw.unknownInstruction),
    outOfMemory: sw.outOfMemory,
    exists: sw.exists,
    /** The key domain is not set up. */
    domainNotSetUp: sw.referenceNotFound,
  },
})
