/**
 * KEY DOMAIN, as a query: how far a domain is set up, and what identifies it.
 *
 * @module
 */
import { always, bytes, struct, u8 } from '@keytether/codec'
import { command } from '../command.ts'
import { sw } from '../status.ts'

export const QueryKeyDomain = command({
  name: 'KEY DOMAIN query',
  cla: 0x80,
  ins: 0x52,
  params: struct({ operation: always(0x00), index: u8 }),
  when: 'noData',
  response: struct({
    /** Shares of the domain's key, and how many of them are still missing; none in a domain made by key agreement. */
    shares: u8,
    outstanding: u8,
    /** The first bytes of the hash of the domain's key, zero until it is complete. */
    keyCheckValue: bytes(8),
    /** x ‖ y of the group signer's key, in a domain made by key agreement. */
    uid: bytes(),
  }),
  status: {
    /** The domain has no key yet. */
    notSetUp: sw.referenceNotFound,
    noSuchDomain: sw.wrongP1P2,
    /** The device was initialised without key domains. */
    notSupported: sw.unknownInstruction,
  },
})
