/** Lines of a stream. */
import { concat } from '@keytether/codec'

/** No line that is written here is nearly as long. */
const longestLine = 1 << 20

/**
 * Calls for each line, without its end; undefined is one that is longer than any may be.
 *
 * @returns whether the last line was ended
 */
export async function eachLine(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  call: (line: Uint8Array | undefined) => void,
): Promise<boolean> {
  let begun: Uint8Array[] = []
  let length = 0
  const end = (rest: Uint8Array) => {
    if (length + rest.length > longestLine) call(undefined)
    else call(begun.length === 0 ? rest : concat(...begun, rest))
    begun = []
    length = 0
  }
  for await (const part of source) {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.length)
    let from = 0
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, from)) {
      end(bytes.subarray(from, at))
      from = at + 1
    }
    const rest = part.slice(from)
    length += rest.length
    if (length <= longestLine && rest.length > 0) begun.push(rest)
  }
  return length === 0
}
