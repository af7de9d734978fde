/** Outcomes of commands that the operation at hand cannot go on with, as errors. */
import { DriverError, type DriverErrorCode } from './errors.ts'

type Refusal = readonly [code: DriverErrorCode, message: string]

export type Refusals = Readonly<Record<string, Refusal>>

const refusals: Refusals = {
  securityNotSatisfied: ['NOT_LOGGED_IN', 'the user PIN has not been presented; verify it first'],
  notFound: ['FILE_NOT_FOUND', 'there is no such file'],
  exhausted: ['KEY_EXHAUSTED', 'the use counter of the key has run out'],
  algorithmNotAllowed: [
    'ALGORITHM_NOT_ALLOWED',
    'the algorithm is not one of those allowed for the key, or not of its type',
  ],
  wrongData: ['WRONG_DATA', 'the card refuses the data'],
  wrongLength: ['WRONG_DATA', 'the data has the wrong length'],
  unknownAlgorithm: ['NOT_SUPPORTED', 'the card does not know the algorithm'],
  outOfMemory: ['OUT_OF_MEMORY', 'the card has no memory left; delete keys or files that are not needed'],
  exists: ['REFERENCE_TAKEN', 'there is a key under this reference already'],
  notAllowed: ['NOT_ALLOWED', 'the card does not allow it'],
  notSupported: ['NOT_SUPPORTED', 'the card does not support it'],
  wrongP1P2: ['NOT_SUPPORTED', 'the card does not support files of this kind'],
  wrongOffset: ['MALFORMED', 'the card refuses an offset inside the file'],
}

/** Where the plain reading of an outcome would mislead. */
export const ofKey: Record<string, Refusal> = { notFound: ['KEY_NOT_FOUND', 'there is no such key'] }

type Successful<O> = O extends { readonly status: 'ok'; readonly data: infer R } ? R : never

/**
 * The data of a command that was carried out.
 *
 * @param what what was to be done, for the message
 * @throws DriverError for any other outcome
 */
export function expectOk<O extends { readonly status: string }>(
  outcome: O,
  what: string,
  special: Refusals = {},
): Successful<O> {
  if (outcome.status === 'ok') return (outcome as unknown as { data: Successful<O> }).data
  const [code, message] = special[outcome.status] ?? refusals[outcome.status] ?? ['MALFORMED', outcome.status]
  throw new DriverError(code, `${what}: ${message}`)
}
