/** Small operations on `Uint8Array` that the language does not have. */

/** The bytes of all parts, one after the other, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

/** Whether both hold the same bytes. Not in constant time: never for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits[byte]
  return text
}

/**
 * Bytes of hexadecimal text. White space between digits is ignored.
 *
 * @throws RangeError if anything else than pairs of hexadecimal digits is left
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const compact = text.replace(/\s+/g, '')
  if (compact.length % 2 !== 0 || /[^0-9a-f]/i.test(compact)) {
    throw new RangeError('wanted pairs of hexadecimal digits')
  }
  const bytes = new Uint8Array(compact.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(compact.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
