/**
 * Values that are written as one line of JSON, in one way only: members in the order in which they are declared, absent ones left
 * out, no white space. So the hash of a line is the hash of its value.
 *
 * @module
 */
import type { Codec } from '@keytether/codec'

/** What a value in JSON may be. */
export interface Shape<T> {
  /** What is wrong with a value, in words; undefined: nothing. */
  fault(value: unknown): string | undefined
  /** The value with its members in order. */
  ordered(value: T): T
  readonly mayBeAbsent?: boolean
}

type Shapes = Readonly<Record<string, Shape<unknown>>>
/** The values of a shape. */
export type ValueOf<S> = S extends Shape<infer T> ? T : never
type AbsentNames<S extends Shapes> = { [K in keyof S]: S[K] extends { mayBeAbsent: true } ? K : never }[keyof S]
type Members<S extends Shapes> = {
  readonly [K in Exclude<keyof S, AbsentNames<S>>]: ValueOf<S[K]>
} & { readonly [K in AbsentNames<S>]?: ValueOf<S[K]> | undefined }

function single<T>(wanted: string, accepts: (value: unknown) => boolean): Shape<T> {
  return {
    fault: value => (accepts(value) ? undefined : `wanted ${wanted}`),
    ordered: value => value,
  }
}

export const text = single<string>('text', value => typeof value === 'string')
export const count = single<number>('a whole number', value => Number.isSafeInteger(value) && (value as number) >= 0)
/** Any value that JSON has. */
export const anyJson = single<unknown>('a value', value => value !== undefined)

/** Text of one form. */
export function pattern(form: RegExp, wanted: string): Shape<string> {
  return single(wanted, value => typeof value === 'string' && form.test(value))
}

/** SHA-256, base64 with padding. */
export const hash = pattern(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'a SHA-256 in base64')

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    fault: value => (value === null ? undefined : shape.fault(value)),
    ordered: value => (value === null ? null : shape.ordered(value)),
  }
}

export function optional<T>(shape: Shape<T>): Shape<T> & { mayBeAbsent: true } {
  return { ...shape, mayBeAbsent: true }
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    fault(value) {
      if (!Array.isArray(value)) return 'wanted a list'
      for (const item of value) {
        const fault = shape.fault(item)
        if (fault !== undefined) return fault
      }
      return undefined
    },
    ordered: value => value.map(item => shape.ordered(item)),
  }
}

export function members<S extends Shapes>(shapes: S): Shape<Members<S>> {
  const names = Object.keys(shapes)
  return {
    fault(value) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'wanted an object'
      const given = value as Readonly<Record<string, unknown>>
      const present = Object.keys(given)
      let at = 0
      for (let i = 0; i < names.length; i++) {
        const name = names[i]!
        const shape = shapes[name]!
        const next = present[at]
        if (next !== name) {
          if (shape.mayBeAbsent) continue
          return `wanted ${name}, got ${next === undefined ? 'nothing' : JSON.stringify(next)}`
        }
        const fault = shape.fault(given[name])
        if (fault !== undefined) return `${name}: ${fault}`
        at++
      }
      return at < present.length ? `nothing is called ${JSON.stringify(present[at])} here` : undefined
    },
    ordered(value) {
      const given: Readonly<Record<string, unknown>> = value
      const arranged: Record<string, unknown> = {}
      for (const name of names) {
        if (given[name] !== undefined) arranged[name] = shapes[name]!.ordered(given[name])
      }
      return arranged as Members<S>
    },
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The bytes of a line, without its end. */
export function jsonLine<T>(shape: Shape<T>): Codec<T> {
  return {
    write(out, value) {
      const ordered = shape.ordered(value)
      const fault = shape.fault(ordered)
      if (fault !== undefined) throw new RangeError(fault)
      out.bytes(encoder.encode(JSON.stringify(ordered)))
    },
    read(input) {
      const line = decoded(input.source.subarray(input.offset, input.end)) ?? input.fail('VALUE', 'not UTF-8')
      const value = parsed(line) ?? input.fail('VALUE', 'not JSON')
      const fault = shape.fault(value)
      if (fault !== undefined) input.fail('VALUE', fault)
      // White space, escapes that are not needed, a member twice: the same value in another way.
      if (JSON.stringify(value) !== line) input.fail('VALUE', 'not written in the one way that there is')
      input.offset = input.end
      return value as T
    },
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
