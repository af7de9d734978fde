/**
 * Why the domain does not do what it was asked.
 *
 * - `UNKNOWN_HSM`, `UNKNOWN_KEY_DOMAIN`, `UNKNOWN_KEY` nothing of that name is there
 * - `AMBIGUOUS_KEY` different keys have this id: name the device or the key domain as well
 * - `WRONG_SCHEME` the scheme is not one for this type of key, or the hash not one for the scheme
 * - `KEY_NOT_USABLE` the device refuses this use of the key: algorithm not allowed, use counter exhausted
 * - `NO_DEVICE` no device that holds the key is connected and ready · `BUSY` all that do have too much to do
 * - `TIMEOUT` the caller's time ran out
 * - `AMBIGUOUS_HSM` different devices have this name: give the whole id · `TAKEN` the device is lent to somebody else
 * - `UNKNOWN_LEASE` none of this id was given to this borrower · `LEASE_ENDED` it was, and is over
 * - `NOT_FOUND` nothing of that name or id is there for this caller · `EXISTS` the name is taken
 * - `FORBIDDEN` the caller's roles or tags do not allow it · `WRONG_STATE` not in the state that the thing is in
 * - `STALE` it has changed since the caller looked at it · `INVALID` wanted something else than what was given
 * - `NOT_AUTHENTIC` what was encrypted is not what was given, or not under this key
 * - `QUOTA_EXCEEDED` the tenant has as many as it may
 * - `SEALED` secrets cannot be opened before the master key is given
 * - `DATABASE` it cannot be opened, or can do nothing at the moment
 * - `NOT_DURABLE` fewer members than wanted have it; what there is stays, and the same request completes it
 * - `OUTCOME_UNKNOWN` the device or the database was lost meanwhile: it may have been done
 * - `KEY_REUSED` another request has this Idempotency-Key · `UNDER_WAY` the same request is not done yet
 * - `TOO_MANY_REQUESTS` more often than the caller may: a log-in failed within the last second
 * - `OUT_OF_TURN` an exchange is to have the number after the last one, or that of the last one to hear its answers again
 */
export type HsmErrorCode =
  | 'UNKNOWN_HSM'
  | 'UNKNOWN_KEY_DOMAIN'
  | 'UNKNOWN_KEY'
  | 'AMBIGUOUS_KEY'
  | 'WRONG_SCHEME'
  | 'KEY_NOT_USABLE'
  | 'NO_DEVICE'
  | 'BUSY'
  | 'TIMEOUT'
  | 'AMBIGUOUS_HSM'
  | 'TAKEN'
  | 'UNKNOWN_LEASE'
  | 'LEASE_ENDED'
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'FORBIDDEN'
  | 'WRONG_STATE'
  | 'STALE'
  | 'INVALID'
  | 'NOT_AUTHENTIC'
  | 'QUOTA_EXCEEDED'
  | 'SEALED'
  | 'DATABASE'
  | 'NOT_DURABLE'
  | 'OUTCOME_UNKNOWN'
  | 'KEY_REUSED'
  | 'UNDER_WAY'
  | 'TOO_MANY_REQUESTS'
  | 'OUT_OF_TURN'

export class HsmError extends Error {
  override readonly name = 'HsmError'
  readonly code: HsmErrorCode
  /** Of `BUSY`, `NO_DEVICE` and `TOO_MANY_REQUESTS`: when asking again may help. */
  readonly retryAfterMs: number | undefined

  constructor(code: HsmErrorCode, message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Inside this package: the device was lost before it did what it should; another one that has the key may be asked. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError'
}
