/** Bytes in JSON, and those that come bit by bit. */

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Of text that the schema has found to be base64. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function fromBase64Url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/** A field that may be absent. */
export function maybeBytes<const N extends string>(
  name: N,
  text: string | undefined,
): { readonly [K in N]?: Uint8Array } {
  return text === undefined ? {} : ({ [name]: fromBase64(text) } as { readonly [K in N]: Uint8Array })
}

export async function gathered(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}
