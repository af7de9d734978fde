/**
 * WRAP and UNWRAP: a key leaves the card, and enters another, encrypted under a key domain that both have.
 *
 * @module
 */
import { always, secret, struct, u8 } from '@keytether/codec'
import { anyOf, command, opaque } from '../command.ts'
import { sw } from '../status.ts'
import { algorithm } from './use-key.ts'

const noDomain = {
  /** No domain, or none for this key, has its own key complete. */
  incomplete: sw.referenceNotFound,
  /** The device was initialised without key domains. */
  notSupported: sw.unknownInstruction,
} as const

/** The answer is a `KeyBlob`, longer than a short one may be. */
export const WrapKey = command({
  name: 'WRAP',
  cla: 0x80,
  ins: 0x72,
  params: struct({ key: u8, algorithm: always(algorithm.wrap) }),
  response: secret(opaque),
  le: 0x10000,
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    notFound: sw.notFound,
    /** The key's list of algorithms does not have it. */
    algorithmNotAllowed: anyOf(sw.notSupported, sw.conditionsNotSatisfied),
    ...noDomain,
  },
})

const executionError = 0x6400

/** The data is a `KeyBlob`; without any, it is what was written to the scratch file before, for cards with short APDUs. */
export const UnwrapKey = command({
  name: 'UNWRAP',
  cla: 0x80,
  ins: 0x74,
  params: struct({ key: u8, algorithm: always(algorithm.unwrap) }),
  data: secret(opaque),
  /** Of some cards, a request that they have made for the key. */
  response: opaque,
  le: undefined,
  status: {
    securityNotSatisfied: sw.securityNotSatisfied,
    /** Wrapped under no domain of this device, altered, or no wrapped key at all. */
    wrongData: anyOf(sw.wrongData, executionError, sw.referenceDataNotUsable),
    exists: sw.exists,
    /** Nothing in the scratch file. */
    notFound: sw.notFound,
    outOfMemory: sw.outOfMemory,
    ...noDomain,
  },
})
