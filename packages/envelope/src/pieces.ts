/** Streams of bytes, in the sizes in which they are wanted. */

/** Bytes that come bit by bit. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** The same bytes in pieces of one size; the last one is shorter or as long, and empty only if there are no bytes at all. */
export async function* pieces(
  source: Bytes,
  size: number,
): AsyncGenerator<{ readonly piece: Uint8Array; readonly last: boolean }> {
  let piece = new Uint8Array(size)
  let filled = 0
  for await (const part of source) {
    let taken = 0
    while (taken < part.length) {
      // Only now it is known that the full one is not the last.
      if (filled === size) {
        yield { piece, last: false }
        piece = new Uint8Array(size)
        filled = 0
      }
      const fits = part.subarray(taken, taken + size - filled)
      piece.set(fits, filled)
      filled += fits.length
      taken += fits.length
    }
  }
  yield { piece: piece.subarray(0, filled), last: true }
}

/** Takes some bytes off the front of a stream. */
export class Front {
  readonly #parts: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #left: Uint8Array = new Uint8Array()

  constructor(source: Bytes) {
    this.#parts = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  }

  /** @returns as many as are asked for, or all that there are */
  async take(length: number): Promise<Uint8Array> {
    const taken = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      if (this.#left.length === 0) {
        const { done, value } = await this.#parts.next()
        if (done) break
        this.#left = value
      }
      const fits = this.#left.subarray(0, length - filled)
      taken.set(fits, filled)
      filled += fits.length
      this.#left = this.#left.subarray(fits.length)
    }
    return taken.subarray(0, filled)
  }

  /** What is behind that which was taken. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      if (this.#left.length > 0) yield this.#left
      for (;;) {
        const { done, value } = await this.#parts.next()
        if (done) return
        yield value
      }
    } finally {
      await this.#parts.return?.()
    }
  }
}
