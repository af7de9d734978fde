/**
 * BER-TLV with definite lengths: single objects, templates of named objects, and sequences of alternatives.
 *
 * @see ISO/IEC 7816-4, 5.2.2; X.690, 8.1
 * @module
 */
import { type Codec, encode, type Reader, type TypeOf, type Writer } from './codec.ts'

/** One data object: a codec of the complete tag, length and value, that knows its tag. */
export interface Tlv<T> extends Codec<T> {
  readonly tag: number
  readonly optional: boolean
}

/** A data object with the given tag whose value follows `codec`. */
export function tlv<T>(tag: number, codec: Codec<T>): Tlv<T> & { readonly optional: false } {
  return {
    tag,
    optional: false,
    write(out, value) {
      const content = encode(codec, value)
      writeTag(out, tag)
      writeLength(out, content.length)
      out.bytes(content)
    },
    read(input) {
      const start = input.offset
      const found = readTag(input)
      if (found !== tag) input.fail('TAG', `wanted tag ${tagName(tag)}, got ${tagName(found)}`, start)
      const content = input.window(readLength(input))
      const value = codec.read(content)
      content.done()
      return value
    },
  }
}

/** The same object, where it may be absent. */
export function optional<T>(object: Tlv<T>): Tlv<T> & { readonly optional: true } {
  return { ...object, optional: true }
}

/** A data object together with the very bytes it was read from, for what is signed as bytes. `raw` is what is written. */
export function withRaw<T>(object: Tlv<T>): Tlv<{ value: T; raw: Uint8Array }> & { readonly optional: false } {
  return {
    tag: object.tag,
    optional: false,
    write: (out, { raw }) => out.bytes(raw),
    read(input) {
      const start = input.offset
      const value = object.read(input)
      return { value, raw: input.source.slice(start, input.offset) }
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in its value, so a set of them has no narrower type.
type Objects = Record<string, Tlv<any>>
type OptionalKeys<O extends Objects> = { [K in keyof O]: O[K]['optional'] extends true ? K : never }[keyof O]

/** The value of a template; a constant object is not part of it. */
export type TlvsOf<O extends Objects> = {
  [K in Exclude<keyof O, OptionalKeys<O>> as TypeOf<O[K]> extends undefined ? never : K]: TypeOf<O[K]>
} & {
  [K in OptionalKeys<O>]?: TypeOf<O[K]> | undefined
}

export interface TemplateOptions {
  /** `any` takes the objects in any order; they are always written in the order declared. Default `declared`. */
  readonly order?: 'declared' | 'any'
  /** `ignore` passes over objects that are not declared. Default `refuse`. */
  readonly unknown?: 'refuse' | 'ignore'
}

/**
 * Named data objects up to the end of the input: the content of a template. Where their order is as declared, a tag may be
 * declared more than once.
 */
export function tlvs<O extends Objects>(objects: O, options: TemplateOptions = {}): Codec<TlvsOf<O>> {
  const entries = Object.entries(objects) as [string, Tlv<unknown>][]
  const byTag = new Map<number, { name: string; object: Tlv<unknown>; index: number }[]>()
  for (const [index, [name, object]] of entries.entries()) {
    const same = byTag.get(object.tag) ?? []
    if (same.length > 0 && options.order === 'any') throw new TypeError(`tag ${tagName(object.tag)} declared twice`)
    byTag.set(object.tag, [...same, { name, object, index }])
  }
  return {
    write(out, value) {
      for (const [name, object] of entries) {
        const field = (value as Record<string, unknown>)[name]
        if (field === undefined && object.optional) continue
        object.write(out, field)
      }
    },
    read(input) {
      const value: Record<string, unknown> = {}
      const seen = new Set<string>()
      let next = 0
      while (input.left > 0) {
        const start = input.offset
        const tag = readTag(input.fork())
        const known = byTag.get(tag)
        if (known === undefined) {
          if (options.unknown !== 'ignore') input.fail('TAG', `tag ${tagName(tag)} is not allowed here`)
          anyTlv.read(input)
          continue
        }
        const found = known.find(({ name, index }) => !seen.has(name) && (options.order === 'any' || index >= next))
        if (found === undefined) {
          if (known.every(({ name }) => seen.has(name))) input.fail('DUPLICATE', `tag ${tagName(tag)} occurs twice`)
          return input.fail('TAG', `tag ${tagName(tag)} is out of order`)
        }
        next = found.index
        seen.add(found.name)
        const field = found.object.read(input)
        if (input.offset === start) input.fail('LENGTH', 'empty data object')
        if (field !== undefined) value[found.name] = field
      }
      for (const [name, object] of entries) {
        if (!object.optional && !seen.has(name))
          input.fail('MISSING', `${name} (tag ${tagName(object.tag)}) is missing`)
      }
      return value as TlvsOf<O>
    },
  }
}

/** One of several alternatives, told apart by its tag. */
export type ChoiceOf<O extends Objects> = { [K in keyof O & string]: { kind: K; value: TypeOf<O[K]> } }[keyof O &
  string]

/** One data object out of several alternatives. */
export function choice<O extends Objects>(objects: O): Codec<ChoiceOf<O>> {
  const entries = Object.entries(objects) as [string, Tlv<unknown>][]
  const byTag = new Map(entries.map(([kind, object]) => [object.tag, { kind, object }]))
  return {
    write(out, { kind, value }) {
      const object: Tlv<unknown> | undefined = Object.hasOwn(objects, kind) ? objects[kind] : undefined
      if (object === undefined) throw new RangeError(`wanted one of ${Object.keys(objects).join(', ')}, got ${kind}`)
      object.write(out, value)
    },
    read(input) {
      const tag = readTag(input.fork())
      const found = byTag.get(tag)
      if (found === undefined) return input.fail('TAG', `tag ${tagName(tag)} is not allowed here`)
      return { kind: found.kind, value: found.object.read(input) } as ChoiceOf<O>
    },
  }
}

/** Any number of one format, up to the end of the input. */
export function sequenceOf<T>(element: Codec<T>): Codec<T[]> {
  return {
    write(out, values) {
      for (const value of values) element.write(out, value)
    },
    read(input) {
      const values: T[] = []
      while (input.left > 0) {
        const start = input.offset
        values.push(element.read(input))
        if (input.offset === start) input.fail('LENGTH', 'element of no bytes')
      }
      return values
    },
  }
}

/** Any data object, not interpreted. */
export const anyTlv: Codec<{ tag: number; value: Uint8Array }> = {
  write(out, { tag, value }) {
    writeTag(out, tag)
    writeLength(out, value.length)
    out.bytes(value)
  },
  read(input) {
    const tag = readTag(input)
    return { tag, value: input.bytes(readLength(input)) }
  },
}

function tagName(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(2, '0')
}

function writeTag(out: Writer, tag: number): void {
  if (tag > 0xffff) out.byte(tag >> 16)
  if (tag > 0xff) out.byte((tag >> 8) & 0xff)
  out.byte(tag & 0xff)
}

/** Tags of one to three bytes, as a number whose bytes are those of the tag. */
function readTag(input: Reader): number {
  const start = input.offset
  let tag = input.byte()
  if ((tag & 0x1f) !== 0x1f) return tag
  for (let more = true; more; ) {
    if (input.offset - start === 3) input.fail('TAG', 'tag of more than three bytes', start)
    const byte = input.byte()
    tag = tag * 256 + byte
    more = (byte & 0x80) !== 0
  }
  return tag
}

function writeLength(out: Writer, length: number): void {
  if (length > 0xffffff) throw new RangeError(`value of ${length} bytes is too long`)
  if (length > 0xffff) out.bytes(Uint8Array.of(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff))
  else if (length > 0xff) out.bytes(Uint8Array.of(0x82, length >> 8, length & 0xff))
  else if (length > 0x7f) out.bytes(Uint8Array.of(0x81, length))
  else out.byte(length)
}

function readLength(input: Reader): number {
  const start = input.offset
  const first = input.byte()
  if (first < 0x80) return first
  const size = first - 0x80
  if (size < 1 || size > 3) input.fail('LENGTH', `length byte ${tagName(first)} is not supported`, start)
  let length = 0
  for (let i = 0; i < size; i++) length = length * 256 + input.byte()
  const shortest = length >= [0, 0x80, 0x100, 0x10000][size]!
  // Three length bytes for a short value are refused even where shorter forms are not insisted on: no peer writes them.
  if (!shortest && (size === 3 || input.options.lengths !== 'any')) {
    input.fail('LENGTH', 'length not in its shortest form', start)
  }
  return length
}
