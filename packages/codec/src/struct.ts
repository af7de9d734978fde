/** Fields one after the other, with no framing between them. */
import type { Codec, TypeOf } from './codec.ts'

// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in its value, so a set of them has no narrower type.
type Fields = Record<string, Codec<any>>

/** The value of a struct: constant fields are not part of it. */
export type StructOf<F> = { [K in keyof F as TypeOf<F[K]> extends undefined ? never : K]: TypeOf<F[K]> }

/** A struct of named fields, in the order given. */
export function struct<F extends Fields>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields) as [string, Codec<unknown>][]
  return {
    write(out, value) {
      for (const [name, codec] of entries) codec.write(out, (value as Record<string, unknown>)[name])
    },
    read(input) {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) {
        const field = codec.read(input)
        if (field !== undefined) value[name] = field
      }
      return value as StructOf<F>
    },
  }
}
