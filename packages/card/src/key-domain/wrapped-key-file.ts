/**
 * The file that sc-hsm-tool keeps a wrapped key in: the blob, and what was stored on the card beside the key.
 *
 * @module
 */
import { anyTlv, bytes, type Codec, type Reader, tlv, type Writer } from '@keytether/codec'

export interface WrappedKeyFile {
  /** See `KeyBlob`. */
  readonly blob: Uint8Array
  /** Content of the file C4, see `PrivateKeyDescription`. The key reference in it may be another than the key's. */
  readonly description?: Uint8Array | undefined
  /** Content of the file CE: an X.509 certificate, or the request (67) that the card made with the key. */
  readonly certificate?: Uint8Array | undefined
}

const request = 0x67
const longest = 0xffff

const blob = tlv(0x04, bytes({ min: 1, max: longest }))

/** One data object, as the bytes that it is. */
function object(input: Reader): Uint8Array {
  const ahead = input.fork()
  anyTlv.read(ahead)
  return input.bytes(ahead.offset - input.offset)
}

function isRequest(bytes: Uint8Array | undefined): boolean {
  return bytes?.[0] === request
}

const content: Codec<WrappedKeyFile> = {
  write(out: Writer, value: WrappedKeyFile) {
    // A certificate in the place of a description would be read as one.
    if (value.certificate && !value.description && !isRequest(value.certificate)) {
      throw new RangeError('a certificate that is no request needs a description before it')
    }
    blob.write(out, value.blob)
    out.bytes(value.description ?? new Uint8Array())
    out.bytes(value.certificate ?? new Uint8Array())
  },
  read(input) {
    const value = { blob: blob.read(input) }
    if (input.left === 0) return value
    const first = object(input)
    if (isRequest(first)) return { ...value, certificate: first }
    return input.left === 0
      ? { ...value, description: first }
      : { ...value, description: first, certificate: object(input) }
  },
}

export const WrappedKeyFile: Codec<WrappedKeyFile> = tlv(0x30, content)
