/** Lists that come in pages. */

interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

/** All items, page by page as they are wanted: `everyItem(cursor => client.listKeys({ query: { cursor } }))`. */
export async function* everyItem<T>(page: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const { items, next } = await page(cursor)
    yield* items
    if (next === undefined) return
    cursor = next
  }
}
