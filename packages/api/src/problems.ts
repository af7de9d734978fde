/** Everything that an answer which is no success can say: by code, its HTTP status and what it means. */

export interface ProblemKind {
  readonly status: number
  readonly title: string
}

/** Programs decide by these codes. None is taken away or given another meaning. */
export const problems = {
  BAD_REQUEST: { status: 400, title: 'The request is not what the operation takes' },
  INVALID: { status: 400, title: 'Something else was wanted than what was given' },
  WRONG_SCHEME: { status: 400, title: 'The scheme does not fit the key, or the hash not the scheme' },
  UNAUTHORIZED: { status: 401, title: 'The credential is missing, or none that is known here' },
  FORBIDDEN: { status: 403, title: 'The roles or tags of the caller do not allow it' },
  NOT_FOUND: { status: 404, title: 'Nothing of that name or id is there for this caller' },
  UNKNOWN_HSM: { status: 404, title: 'There is no such device' },
  UNKNOWN_KEY_DOMAIN: { status: 404, title: 'There is no such key domain' },
  UNKNOWN_KEY: { status: 404, title: 'There is no such key' },
  UNKNOWN_LEASE: { status: 404, title: 'No such lease was given to this borrower' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This method does nothing here' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive whole and in time' },
  EXISTS: { status: 409, title: 'The name is taken' },
  WRONG_STATE: { status: 409, title: 'Not in the state that the thing is in' },
  QUOTA_EXCEEDED: { status: 409, title: 'The tenant has as many as it may' },
  KEY_NOT_USABLE: { status: 409, title: 'The key is not for this use' },
  AMBIGUOUS_KEY: { status: 409, title: 'Different keys have this id' },
  AMBIGUOUS_HSM: { status: 409, title: 'Different devices have this name' },
  TAKEN: { status: 409, title: 'The device is lent to somebody else' },
  OUT_OF_TURN: { status: 409, title: 'Exchanges of a lease go by number' },
  UNDER_WAY: { status: 409, title: 'The same request is under way' },
  LEASE_ENDED: { status: 410, title: 'The lease is over' },
  STALE: { status: 412, title: 'It has changed since the caller looked at it' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is larger than the operation takes' },
  PATH_TOO_LONG: { status: 414, title: 'The path is longer than any here' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is of another type than the operation takes' },
  NOT_AUTHENTIC: { status: 422, title: 'What was encrypted is not what was given, or not under this key' },
  KEY_REUSED: { status: 422, title: 'The Idempotency-Key was given to another request' },
  TOO_MANY_REQUESTS: { status: 429, title: 'The caller asks more often, or for more at once, than it may' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are larger than any that are needed' },
  INTERNAL: { status: 500, title: 'A defect of the service' },
  OUTCOME_UNKNOWN: { status: 500, title: 'The device or the database was lost meanwhile: it may have been done' },
  NO_DEVICE: { status: 503, title: 'No device that can do it is ready' },
  BUSY: { status: 503, title: 'All devices that can do it have too much to do' },
  SEALED: { status: 503, title: 'Secrets cannot be opened before the master key is given' },
  DATABASE: { status: 503, title: 'The database cannot be used at the moment' },
  NOT_DURABLE: { status: 503, title: 'Fewer devices than wanted have it; the same request completes it' },
  SHUTTING_DOWN: { status: 503, title: 'The service is about to end' },
  TIMEOUT: { status: 504, title: 'The time for the answer ran out' },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems
