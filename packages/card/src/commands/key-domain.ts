/**
 * KEY DOMAIN: set up domains, inside which keys can be copied between devices, and ask how far they are set up.
 *
 * Shares of a domain's key come one by one, in any order and with any time in between, and need no log-in.
 *
 * @module
 */
import { always, bytes, mapped, secret, struct, tlvs, u8 } from '@keytether/codec'
import { anyOf, command, opaque } from '../command.ts'
import { requestObjects } from '../cvc/certificate.ts'
import { shareSize } from '../key-domain/dkek.ts'
import { type KeyDomainMembership, membershipSignature } from '../key-domain/membership.ts'
import { sw } from '../status.ts'

const cla = 0x80
const ins = 0x52

function operation(code: number) {
  return struct({ operation: always(code), index: u8 })
}

const response = struct({
  /** Shares of the domain's key, and how many of them are still missing; none in a domain made by key agreement. */
  shares: u8,
  outstanding: u8,
  /** The first bytes of the hash of the domain's key, zero until it is complete. */
  keyCheckValue: bytes(8),
  /** x ‖ y of the group signer's key, in a domain made by key agreement. */
  uid: bytes(),
})

const absent = {
  noSuchDomain: anyOf(sw.wrongP1P2, sw.wrongOffset),
  /** The device was initialised without key domains. */
  notSupported: sw.unknownInstruction,
} as const

const status = {
  /** The domain is not set up. */
  notSetUp: sw.referenceNotFound,
  ...absent,
} as const

const loggedIn = { securityNotSatisfied: anyOf(sw.securityNotSatisfied, sw.conditionsNotSatisfied) } as const

export const QueryKeyDomain = command({
  name: 'KEY DOMAIN query',
  cla,
  ins,
  params: operation(0x00),
  when: 'noData',
  response,
  status,
})

export const ImportKeyShare = command({
  name: 'KEY DOMAIN import share',
  cla,
  ins,
  params: operation(0x00),
  when: 'data',
  data: secret(bytes(shareSize)),
  response,
  status: {
    ...status,
    /** Some cards ask for it, in domains other than the first. */
    ...loggedIn,
    /** No share is missing. */
    complete: sw.notAllowed,
    wrongLength: sw.wrongLength,
  },
})

export const CreateKeyDomain = command({
  name: 'KEY DOMAIN create',
  cla,
  ins,
  params: operation(0x01),
  data: struct({ shares: u8 }),
  response,
  status: { ...absent, ...loggedIn, exists: sw.exists, wrongData: sw.wrongData, wrongLength: sw.wrongLength },
})

/** Content of the request of the group signer's key, and the signature that it has made for this device. */
const groupMembership = mapped(tlvs({ ...requestObjects, membership: membershipSignature }), {
  write: ({ request, signature }: Pick<KeyDomainMembership, 'request' | 'signature'>) => ({
    ...request,
    membership: signature,
  }),
  read: ({ membership, ...request }) => ({ request, signature: membership }),
})

/**
 * Creates a domain of a group, whose key is agreed on between its members. The card has verified the device that has made the
 * group signer's key, see `SetVerificationKey`.
 */
export const CreateGroupDomain = command({
  name: 'KEY DOMAIN create group',
  cla,
  ins,
  params: operation(0x02),
  data: groupMembership,
  response,
  status: {
    ...absent,
    securityNotSatisfied: sw.securityNotSatisfied,
    exists: sw.exists,
    /** The signature is not the group signer's over this device's key, or its request does not verify. */
    notVerified: sw.conditionsNotSatisfied,
    /** The card has not verified the device that the request names. */
    keyNotFound: sw.referenceNotFound,
    wrongData: sw.wrongData,
  },
})

/** Some cards say that the domain is not set up when they have just deleted it; OCF is ready for more than a status word. */
export const DeleteKeyDomain = command({
  name: 'KEY DOMAIN delete',
  cla,
  ins,
  params: operation(0x03),
  response: opaque,
  status: {
    ...status,
    ...loggedIn,
    /** There are keys in it. */
    notEmpty: sw.exists,
  },
})

/** Deletes the key of a domain, but neither the domain nor the keys in it: its shares are then missing again. */
export const DeleteKeyEncryptionKey = command({
  name: 'KEY DOMAIN delete key',
  cla,
  ins,
  params: operation(0x04),
  response,
  status: { ...status, ...loggedIn },
})
