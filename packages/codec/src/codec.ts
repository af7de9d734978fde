/**
 * A format is a value with two directions. Both ends of a wire import the same value.
 *
 * @module
 */
import { DecodeError } from './errors.ts'

/** One format: how to write a value, and how to read it back. */
export interface Codec<T> {
  /** @throws RangeError if the value is outside what the format can carry: the caller's fault */
  write(out: Writer, value: T): void
  /** @throws DecodeError if the bytes do not follow the format: the peer's fault */
  read(input: Reader): T
}

/** The values that a format carries. */
export type TypeOf<C> = C extends Codec<infer T> ? T : never

/** Bytes being written. */
export class Writer {
  #bytes = new Uint8Array(64)
  #length = 0

  byte(value: number): void {
    this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  bytes(value: Uint8Array): void {
    this.#grow(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** The bytes so far, in an array of their own. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(more: number): void {
    const wanted = this.#length + more
    if (wanted <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

export interface ReaderOptions {
  /** `any` also takes lengths that are not in their shortest form, as some peers write them. Default `shortest`. */
  readonly lengths?: 'shortest' | 'any'
  /** `masked`: what is `secret` is not read out. Default: it is. */
  readonly secrets?: 'masked'
}

/** Bytes being read: a window onto the input that never looks past its end. */
export class Reader {
  readonly source: Uint8Array
  readonly options: ReaderOptions
  readonly end: number
  offset: number

  constructor(source: Uint8Array, options: ReaderOptions = {}, start = 0, end = source.length) {
    // The slices of a Buffer are views, and what is read must be a copy.
    this.source =
      source.constructor === Uint8Array ? source : new Uint8Array(source.buffer, source.byteOffset, source.length)
    this.options = options
    this.offset = start
    this.end = end
  }

  get left(): number {
    return this.end - this.offset
  }

  byte(): number {
    this.#need(1)
    return this.source[this.offset++]!
  }

  /** The next bytes, as a copy that does not hold on to the input. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    this.#need(length)
    const start = this.offset
    this.offset += length
    return this.source.slice(start, this.offset) as Uint8Array<ArrayBuffer>
  }

  /** A window onto the next bytes, which are then behind this reader. */
  window(length: number): Reader {
    this.#need(length)
    const start = this.offset
    this.offset += length
    return new Reader(this.source, this.options, start, this.offset)
  }

  /** A second reader at the same place, for looking ahead. */
  fork(): Reader {
    return new Reader(this.source, this.options, this.offset, this.end)
  }

  /** @throws DecodeError `LEFTOVER` unless everything was read */
  done(): void {
    if (this.left > 0) throw new DecodeError('LEFTOVER', `${this.left} bytes left over`, this.offset)
  }

  fail(code: DecodeError['code'], message: string, offset = this.offset): never {
    throw new DecodeError(code, message, offset)
  }

  #need(length: number): void {
    if (length > this.left) this.fail('TRUNCATED', `wanted ${length} bytes, ${this.left} left`)
  }
}

/** The bytes of a value. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const out = new Writer()
  codec.write(out, value)
  return out.take()
}

/** The value of bytes, all of them: what is left over is an error. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, options?: ReaderOptions): T {
  const input = new Reader(bytes, options)
  const value = codec.read(input)
  input.done()
  return value
}
