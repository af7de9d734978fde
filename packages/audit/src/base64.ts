/** Base64 as RFC 4648 section 4 has it: with padding, and one text for each value. */

export function toBase64(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
}

/** @returns undefined if the text is not what `toBase64` writes */
export function fromBase64(text: string): Uint8Array | undefined {
  const value = new Uint8Array(Buffer.from(text, 'base64'))
  return toBase64(value) === text ? value : undefined
}
