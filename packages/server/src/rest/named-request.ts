/** What a request is called by its sender, so that it is done once however often it is sent. */
import type { Operation } from '@keytether/api'
import type { Hsm } from '@keytether/hsm'
import type { Call } from '../api.ts'
import { RequestError } from '../errors.ts'

/**
 * @returns none where the sender gave it no name
 * @throws RequestError BAD_REQUEST
 */
export function namedRequest(
  operation: string,
  { method, idempotent, repeatable, secret }: Operation,
  { headers, params, query, body, caller }: Call,
): Parameters<Hsm['requests']['once']>[0] | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (!idempotent) {
    // To those that may be done twice anyway, a name adds nothing.
    if (method === 'GET' || repeatable) return undefined
    throw new RequestError('BAD_REQUEST', `${operation} takes no Idempotency-Key: sent twice, it would be done twice`)
  }
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new RequestError('BAD_REQUEST', 'Idempotency-Key: wanted 1 to 128 printable characters')
  }
  const content = JSON.stringify([operation, params, query, body, headers['if-match']])
  return { caller, key, content, secret: secret === true }
}
