/** Bytes that no honest peer sends: a decoder may refuse them, in the way it says it does, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Codec, concat, DecodeError, decode, encode, type ReaderOptions } from '@keytether/codec'
import fc from 'fast-check'

export interface FuzzOptions {
  /** Errors that are an answer as well as `DecodeError`. */
  readonly errors?: readonly (abstract new (
    ...parameters: never[]
  ) => Error)[]
  readonly runs?: number
}

/** Microseconds of this process's own work, whatever else the machine does: no input is long enough to take them honestly. */
const patience = 2_000_000

/**
 * Feeds a decoder with random bytes and with damaged samples: cut short, bytes changed, put in, left out and repeated,
 * lengths that promise too much.
 */
export function fuzz(
  name: string,
  decoder: (bytes: Uint8Array) => unknown,
  samples: readonly Uint8Array[],
  { errors = [], runs = 300 }: FuzzOptions = {},
): void {
  test(`fuzzed: ${name}`, () => {
    const allowed = [DecodeError, ...errors]
    for (const sample of samples) {
      for (let length = 0; length < Math.min(sample.length, 1000); length++) tolerate(sample.subarray(0, length))
    }
    const anything = fc.uint8Array({ maxLength: 200 })
    const input = samples.length === 0 ? anything : fc.oneof(anything, damaged(samples))
    fc.assert(fc.property(input, tolerate), { numRuns: runs })

    function tolerate(bytes: Uint8Array): void {
      const begin = process.cpuUsage()
      try {
        decoder(bytes)
      } catch (error) {
        if (!allowed.some(kind => error instanceof kind)) throw error
      }
      assert.ok(process.cpuUsage(begin).user < patience, 'it never ends, or nearly so')
    }
  })
}

/** The same for a format, to which every value that it has read must go back: what it writes, it reads as that value. */
export function fuzzCodec<T>(
  name: string,
  codec: Codec<T>,
  samples: readonly Uint8Array[],
  options: FuzzOptions & { readonly reader?: ReaderOptions } = {},
): void {
  fuzz(
    name,
    bytes => {
      const value = decode(codec, bytes, options.reader)
      assert.deepEqual(decode(codec, encode(codec, value)), value)
    },
    samples,
    options,
  )
}

/** Bytes that mean something at the start of an object, or nearly do. */
const telling = fc.constantFrom(0x00, 0x01, 0x1f, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xff)

function damaged(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(0xffff)
  const bytes = fc.array(fc.oneof(telling, fc.nat(255)), { maxLength: 4 }).map(bytes => Uint8Array.from(bytes))
  // Bytes in place of as many others leave the lengths right, and so come further than the rest.
  const damage = fc.oneof(
    { weight: 2, arbitrary: fc.record({ at, bytes }).map(it => ({ ...it, leaveOut: it.bytes.length })) },
    { weight: 1, arbitrary: fc.record({ at, bytes, leaveOut: fc.nat(4) }) },
  )
  return fc.tuple(fc.constantFrom(...samples), fc.array(damage, { minLength: 1, maxLength: 3 })).map(([sample, all]) =>
    all.reduce((input, { at, bytes, leaveOut }) => {
      const place = at % (input.length + 1)
      return concat(input.subarray(0, place), bytes, input.subarray(place + leaveOut))
    }, sample),
  )
}
