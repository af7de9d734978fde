/** Cursors are for the service alone to read: clients that look into them would be broken by what they do not know. */
import { RequestError } from '../errors.ts'

/** @throws RequestError BAD_REQUEST */
export function fromCursor<Q extends { readonly cursor?: string | undefined }>(query: Q): Q {
  if (query.cursor === undefined) return query
  const cursor = Buffer.from(query.cursor, 'base64url').toString()
  // Decoding passes over what is none of its digits.
  if (encoded(cursor) !== query.cursor) {
    throw new RequestError('BAD_REQUEST', 'cursor: wanted what an earlier page gave as `next`')
  }
  return { ...query, cursor }
}

export function toCursor<P extends { readonly next?: string | undefined }>(page: P): P {
  return page.next === undefined ? page : { ...page, next: encoded(page.next) }
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}
