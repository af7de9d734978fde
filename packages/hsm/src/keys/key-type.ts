/** What kinds of keys there are, and what a key may be made to do. */
import { algorithm, curveByName, curves } from '@keytether/card'
import { HsmError } from '../errors.ts'

export type KeyType =
  | { readonly kind: 'EC'; readonly curve: string }
  | { readonly kind: 'RSA'; readonly bits: number }
  | { readonly kind: 'AES'; readonly bits: number }

/** A curve's name, or a number of bits, as rows have it. */
export function parameterOf(type: KeyType): string {
  return type.kind === 'EC' ? type.curve : String(type.bits)
}

/** @throws HsmError INVALID if no card can have it */
export function checkType(type: KeyType): void {
  if (type.kind === 'EC' && curveByName(type.curve) === undefined) {
    throw new HsmError(
      'INVALID',
      `there is no curve ${type.curve}: wanted ${curves.map(({ name }) => name).join(', ')}`,
    )
  }
  if (type.kind === 'RSA' && !(type.bits >= 1024 && type.bits <= 4096 && type.bits % 256 === 0)) {
    throw new HsmError('INVALID', `RSA keys have 1024 to 4096 bits in steps of 256, got ${type.bits}`)
  }
  if (type.kind === 'AES' && ![128, 192, 256].includes(type.bits)) {
    throw new HsmError('INVALID', `AES keys have 128, 192 or 256 bits, got ${type.bits}`)
  }
}

/** By their names in the interface: `ecdsa-sha256`. */
const identifiers: ReadonlyMap<string, number> = new Map(
  Object.entries(algorithm).map(([name, id]) => [name.replace(/[A-Z]/g, upper => `-${upper}`.toLowerCase()), id]),
)
const prefixes = { aes: 'AES', rsa: 'RSA', ec: 'EC' } as const
const copying = ['wrap', 'unwrap', 'replace']
/** The most that a card takes. */
const longestList = 16

/** The algorithms that a card knows for a kind of key; those that copy keys are for all. */
function algorithmsOf(kind: KeyType['kind']): string[] {
  return [...identifiers.keys()].filter(name => {
    const prefix = (Object.keys(prefixes) as (keyof typeof prefixes)[]).find(each => name.startsWith(each))
    return prefix === undefined || prefixes[prefix] === kind
  })
}

/**
 * The list that a key is made with; empty: everything that its kind can do.
 *
 * @param names default everything
 * @throws HsmError INVALID
 */
export function algorithmList(
  kind: KeyType['kind'],
  names: readonly string[] | undefined,
  exportable: boolean,
): string[] {
  const suitable = algorithmsOf(kind)
  if (names === undefined) return exportable ? [] : suitable.filter(name => !copying.includes(name))
  const wrong = names.find(name => !suitable.includes(name))
  if (wrong !== undefined) {
    throw new HsmError('INVALID', `${wrong} is no algorithm of ${kind} keys, which have ${suitable.join(', ')}`)
  }
  const list = new Set(names)
  if (!exportable && list.has('wrap'))
    throw new HsmError('INVALID', 'wrap lets a key leave a card, and it is not to be exportable')
  if (exportable) list.add('wrap')
  if (list.size > longestList)
    throw new HsmError('INVALID', `a card takes at most ${longestList} algorithms, got ${list.size}`)
  return [...list]
}

/** @param names as `algorithmList` makes them */
export function algorithmIds(names: readonly string[]): number[] {
  return names.map(name => identifiers.get(name)!)
}

export function isExportable(names: readonly string[]): boolean {
  return names.length === 0 || names.includes('wrap')
}

/** @param ids of a card */
export function algorithmNames(ids: readonly number[]): string[] {
  return ids.flatMap(id => [...identifiers].find(([, value]) => value === id)?.[0] ?? [])
}
