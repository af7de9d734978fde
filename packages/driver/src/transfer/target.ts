/** What a token has already, as far as it matters to what is to be put on it. */
import { fileId } from '@keytether/card'
import { equal } from '@keytether/codec'
import { DriverError } from '../errors.ts'
import { numbersOf } from '../inventory.ts'
import type { SmartCardHsm } from '../smart-card-hsm.ts'
import type { DataInfo, Inventory } from '../types.ts'
import type { StoredKey, TokenContent } from './content.ts'

export interface Target {
  readonly inventory: Inventory
  /** Bytes. */
  readonly freeMemory: number
  /** Files that belong to no key, by the reference of the key that they wait for. */
  readonly leftovers: ReadonlyMap<number, Leftovers>
  /** Contents of data objects, by number; those whose labels do not matter are not read. */
  readonly data: ReadonlyMap<number, Uint8Array>
}

/** What there is of them. */
export interface Leftovers {
  readonly description: Uint8Array | undefined
  readonly certificate: Uint8Array | undefined
}

/** After log-in, which private data needs. */
export async function readTarget(card: SmartCardHsm, content: TokenContent): Promise<Target> {
  const inventory = await card.inventory()
  const { freeMemory } = await card.deviceStatus()
  const data = new Map<number, Uint8Array>()
  for (const object of inventory.data) {
    if (!content.data.some(({ label }) => label === object.label)) continue
    const there = await contentIfThere(card, object)
    if (there) data.set(object.number, there)
  }
  return { inventory, freeMemory, leftovers: await readLeftovers(card), data }
}

/** An interruption can leave a description without content. */
async function contentIfThere(card: SmartCardHsm, object: DataInfo): Promise<Uint8Array | undefined> {
  try {
    return await card.readData(object)
  } catch (error) {
    if (error instanceof DriverError && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}

async function readLeftovers(card: SmartCardHsm): Promise<Map<number, Leftovers>> {
  const fids = await card.files.list()
  const keys = numbersOf(fids, 'key')
  const numbers = numbersOf(fids, 'keyDescription', 'keyCertificate').filter(number => !keys.includes(number))
  const contents = await card.files.read(
    numbers.flatMap(number => [fileId('keyDescription', number), fileId('keyCertificate', number)]),
  )
  return new Map(
    numbers.map((number, index) => [
      number,
      { description: contents[2 * index], certificate: contents[2 * index + 1] },
    ]),
  )
}

/** What was left is the beginning of putting this key there. */
export function isBegun({ description, certificate }: Leftovers, key: StoredKey): boolean {
  return isStartOf(description, key.description) && isStartOf(certificate, key.certificate)
}

function isStartOf(start: Uint8Array | undefined, content: Uint8Array | undefined): boolean {
  return start === undefined || (content !== undefined && equal(start, content.subarray(0, start.length)))
}
