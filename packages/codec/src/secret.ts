/** What a format holds that only the two ends may know: whoever shows decoded values reads it masked. */
import type { Codec } from './codec.ts'

/** In the place of a secret; not even its length is told. */
export const masked = Symbol('secret')

/**
 * Marks what follows a format as secret. Read with the option `secrets: 'masked'`, its value is `masked`, whatever its type says;
 * where there are no bytes, nothing is hidden.
 */
export function secret<T>(codec: Codec<T>): Codec<T> {
  return {
    write: (out, value) => codec.write(out, value),
    read(input) {
      const start = input.offset
      const value = codec.read(input)
      if (input.options.secrets !== 'masked' || input.offset === start) return value
      return masked as unknown as T
    },
  }
}
