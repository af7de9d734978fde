/** Long lists, a page at a time. */

export interface PageRequest {
  /** Where the page before ended; none: the first. */
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** The `cursor` of the next page; none: this is the last one. */
  readonly next?: string
}

/**
 * @param rows beyond the cursor and in its order: one more than `limit`, if there are so many
 * @param cursorOf what says where a row is in that order
 */
export function pageOf<R, T>(
  rows: readonly R[],
  { limit }: PageRequest,
  cursorOf: (row: R) => string,
  item: (row: R) => T,
): Page<T> {
  const items = rows.slice(0, limit)
  const next = rows.length > limit ? { next: cursorOf(items.at(-1)!) } : {}
  return { items: items.map(item), ...next }
}
