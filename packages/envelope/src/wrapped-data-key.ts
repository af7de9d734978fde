/**
 * A data key as it is kept: encrypted under a key of tokens, with what it takes to find that key again.
 *
 * The card has neither GCM nor key wrapping. Under an AES key, what is wrapped is a random block and the data key in CBC mode with
 * a vector of zero: three blocks, one command. The random block takes the place of a random vector, since its encryption chains
 * into the data key. CBC does not notice changes, so the check value has to: it is an HMAC over all of the header under the
 * data key itself. No other data key fits the same header, which GCM alone would not promise.
 *
 * @module
 */
import { always, bytes, type Codec, mapped, oneOf, struct, type TypeOf, u8, u16 } from '@keytether/codec'

const idSize = 15

/** A name of the service's: a prefix, and 15 bytes in base64url, which alone are written. */
function id(prefix: string): Codec<string> {
  return mapped(bytes(idSize), {
    write(name) {
      const random = name.startsWith(`${prefix}_`) ? Buffer.from(name.slice(prefix.length + 1), 'base64url') : []
      if (random.length !== idSize) throw new RangeError(`wanted an id that begins with ${prefix}_, got ${name}`)
      return new Uint8Array(random)
    },
    read: random => `${prefix}_${Buffer.from(random).toString('base64url')}`,
  })
}

/** Bytes behind their number. */
function counted(size: Codec<number>, { min, max }: { readonly min: number; readonly max: number }): Codec<Uint8Array> {
  return {
    write(out, value) {
      if (value.length < min || value.length > max)
        throw new RangeError(`wanted ${min} to ${max} bytes, got ${value.length}`)
      size.write(out, value.length)
      out.bytes(value)
    },
    read(input) {
      const start = input.offset
      const length = size.read(input)
      if (length < min || length > max) input.fail('LENGTH', `wanted ${min} to ${max} bytes, got ${length}`, start)
      return input.bytes(length)
    },
  }
}

const fields = {
  /** KTK, and the version of the format. */
  magic: always(0x4b, 0x54, 0x4b, 0x01),
  /**
   * - `AES_CBC` a random block and the data key, CBC with a vector of zero
   * - `RSA_OAEP_SHA256` the data key, OAEP with SHA-256, also in its mask generation function, and no label
   */
  wrapping: oneOf({ AES_CBC: 1, RSA_OAEP_SHA256: 2 }),
  dataKey: id('dk'),
  /** The version of a key that it is wrapped under. */
  version: id('kv'),
  /** The PKCS #15 iD of that on the tokens: a service that knows nothing of the version finds it by this. */
  cardKey: counted(u8, { min: 1, max: 64 }),
  wrapped: counted(u16, { min: 1, max: 512 }),
}

/** All that the check value is computed over. */
export const WrappedDataKeyHeader = struct(fields)
export type WrappedDataKeyHeader = TypeOf<typeof WrappedDataKeyHeader>

export const WrappedDataKey = struct({
  ...fields,
  /** HMAC-SHA-256 under the data key of `keytether data key v1` and all fields before. */
  check: bytes(32),
})
export type WrappedDataKey = TypeOf<typeof WrappedDataKey>
