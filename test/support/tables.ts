/** A format's test is a table: each row run both ways, and bytes that must be refused, with what is said about them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Codec, DecodeError, decode, encode, fromHex, type ReaderOptions, toHex } from '@keytether/codec'

/** Rows of name, value, bytes in hexadecimal: the value is written as these bytes, and read back from them. */
export function bothWays<T>(codec: Codec<T>, rows: readonly (readonly [name: string, value: T, hex: string])[]): void {
  for (const [name, value, hex] of rows) {
    test(`${name}: written`, () => assert.equal(toHex(encode(codec, value)), toHex(fromHex(hex))))
    test(`${name}: read`, () => assert.deepEqual(decode(codec, fromHex(hex)), value))
  }
}

/** Rows of name, bytes in hexadecimal and the error's text: the bytes are refused with a `DecodeError` that says so. */
export function rejects<T>(
  codec: Codec<T>,
  rows: readonly (readonly [name: string, hex: string, message: RegExp])[],
  options?: ReaderOptions,
): void {
  for (const [name, hex, message] of rows) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => decode(codec, fromHex(hex), options),
        error => error instanceof DecodeError && message.test(error.message),
      )
    })
  }
}

/** Rows of name, value and the error's text: the value cannot be written, which is the caller's fault. */
export function unwritable<T>(
  codec: Codec<T>,
  rows: readonly (readonly [name: string, value: T, message: RegExp])[],
): void {
  for (const [name, value, message] of rows) {
    test(`unwritable: ${name}`, () => {
      assert.throws(
        () => encode(codec, value),
        error => error instanceof RangeError && message.test(error.message),
      )
    })
  }
}
