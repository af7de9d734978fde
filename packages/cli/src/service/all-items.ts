/** Lists of a service, as long as they are. */
import type { everyItem } from '@keytether/api'

/** @param page the part of the list that begins there */
export async function allItems<T>(page: Parameters<typeof everyItem<T>>[0]): Promise<T[]> {
  const api = await import('@keytether/api')
  const items: T[] = []
  for await (const item of api.everyItem(page)) items.push(item)
  return items
}
