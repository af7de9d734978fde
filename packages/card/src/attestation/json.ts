/**
 * JSON from strangers, read strictly: members that are not expected, come twice or are missing are refused, as is what is not
 * of its type. Every error names the place, as `keys[0].toldByCard.label`.
 *
 * @see RFC 8259, 4 (names within an object should be unique)
 * @module
 */
import { DecodeError } from '@keytether/codec'

/** Refuses the document, at a place in it. */
export function refuse(code: DecodeError['code'], where: string, message: string): never {
  throw new DecodeError(code, where ? `${where}: ${message}` : message, 0)
}

/** The value of a document. */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuse('VALUE', '', `not JSON: ${(error as SyntaxError).message.slice(0, 80)}`)
  }
  // Of members with the same name, JSON.parse keeps one and is silent; two readers could then see two documents.
  if (namesIn(text) !== membersOf(value)) refuse('DUPLICATE', '', 'a member occurs twice in one object')
  return value
}

/** How many texts stand before a colon, in what is known to be JSON. */
function namesIn(json: string): number {
  let names = 0
  for (let at = json.indexOf('"'); at >= 0; at = json.indexOf('"', at)) {
    for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++
    for (at++; ' \t\n\r'.includes(json[at] ?? ':'); at++);
    if (json[at] === ':') names++
  }
  return names
}

/** How many members there are in all objects. Not by recursion: hostile documents nest deeper than a stack. */
function membersOf(value: unknown): number {
  let count = 0
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    const inner = Object.values(next)
    if (!Array.isArray(next)) count += inner.length
    for (const each of inner) left.push(each)
  }
  return count
}

/** The members of an object, which are just these. */
export function members<const R extends string, const O extends string = never>(
  value: unknown,
  where: string,
  required: readonly R[],
  optional: readonly O[] = [],
): Record<R, unknown> & Partial<Record<O, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('VALUE', where, 'wanted an object')
  const names = Object.keys(value as object)
  for (const name of required) if (!names.includes(name)) refuse('MISSING', where, `${name} is missing`)
  const unknown = names.find(name => !([...required, ...optional] as string[]).includes(name))
  if (unknown !== undefined) refuse('TAG', where, `there is no member ${JSON.stringify(unknown.slice(0, 40))}`)
  return value as Record<R, unknown> & Partial<Record<O, unknown>>
}

export function items(value: unknown, where: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) return refuse('VALUE', where, 'wanted an array')
  if (value.length > most) refuse('LENGTH', where, `wanted at most ${most} items, got ${value.length}`)
  return value
}

export function text(value: unknown, where: string, form?: RegExp): string {
  if (typeof value !== 'string') return refuse('VALUE', where, 'wanted a text')
  if (form && !form.test(value)) refuse('VALUE', where, `wanted a text like ${form.source}`)
  return value
}

export function integerWithin(value: unknown, where: string, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    return refuse('VALUE', where, `wanted an integer from 0 to ${most}`)
  }
  return value
}

/** Base64 with its padding, RFC 4648, 4; no other way of writing the same bytes. */
export function base64(value: unknown, where: string): Uint8Array<ArrayBuffer> {
  const written = text(value, where)
  const bytes = Buffer.from(written, 'base64')
  if (bytes.toString('base64') !== written) refuse('VALUE', where, 'wanted Base64')
  return Uint8Array.from(bytes)
}
