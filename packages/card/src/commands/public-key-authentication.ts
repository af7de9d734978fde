/**
 * Public key authentication: m keys are registered, and n of them, authenticated in a session, open the card.
 *
 * @module
 */
import { always, type Codec, struct, u8 } from '@keytether/codec'
import { anyOf, command, withData } from '../command.ts'
import { AuthenticatedRequestContent, reference } from '../cvc/certificate.ts'
import { sw } from '../status.ts'

const counts = struct({
  /** Keys that can be registered: m. */
  total: u8,
  /** Those of them that are not registered yet. */
  missing: u8,
  /** Keys to be authenticated before the card opens: n. */
  required: u8,
  /** Keys authenticated in this session. */
  authenticated: u8,
})

/** The card was not initialised for public key authentication. */
const notConfigured = anyOf(sw.unknownInstruction, sw.wrongP1P2, sw.referenceNotFound)

export const AuthenticationStatus = command({
  name: 'PUBLIC KEY AUTHENTICATION status',
  cla: 0x80,
  ins: 0x54,
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  when: 'noData',
  response: counts,
  le: 4,
  status: { notConfigured },
})

/** Left out by cards, or where no answer was wanted. */
const countsAfter: Codec<{ total: number; missing: number; required: number; authenticated: number } | undefined> = {
  write: (out, value) => (value === undefined ? undefined : counts.write(out, value)),
  read: input => (input.left === 0 ? undefined : counts.read(input)),
}

const registration = {
  cla: 0x80,
  ins: 0x54,
  when: 'data',
  /** The key's request; the verification key is that of the device which has signed it. */
  data: AuthenticatedRequestContent,
  response: countsAfter,
} as const

const refusals = {
  securityNotSatisfied: sw.securityNotSatisfied,
  /** A signature is wrong, or the key is registered already. */
  notAllowed: sw.conditionsNotSatisfied,
  /** No key of a device that an authenticated request names is chosen for verification. */
  keyNotFound: sw.referenceNotFound,
  /** No such request, or not for an elliptic curve key. */
  wrongData: sw.wrongData,
} as const

/** Registers a key in the first free slot. */
export const RegisterAuthenticationKey = command({
  ...registration,
  name: 'PUBLIC KEY AUTHENTICATION register',
  params: struct({ p1: always(0x00), p2: always(0x00) }),
  status: { ...refusals, full: sw.outOfMemory, notConfigured: anyOf(sw.unknownInstruction, sw.notFound) },
})

/** Registers a key in the place of another, where the options of the device allow that. */
export const ReplaceAuthenticationKey = command({
  ...registration,
  name: 'PUBLIC KEY AUTHENTICATION replace',
  params: struct({ p1: always(0x01), index: u8 }),
  status: { ...refusals, noSuchKey: sw.wrongP1P2, notConfigured: anyOf(sw.unknownInstruction, sw.notFound) },
})

/** Which key is in a slot, 0 to m - 1, and whether it has been authenticated. */
export const AuthenticationKeyInfo = command({
  name: 'PUBLIC KEY AUTHENTICATION key',
  cla: 0x80,
  ins: 0x54,
  params: struct({ p1: always(0x02), index: u8 }),
  when: 'noData',
  response: struct({ holderReference: reference }),
  status: {
    authenticated: withData(sw.keyAuthenticated),
    empty: sw.referenceNotFound,
    /** No slot has this index, as none has on a card without public key authentication. */
    noSuchKey: anyOf(sw.wrongP1P2, sw.unknownInstruction),
  },
})
