/** Files that the cards of a group give to each other. */
import { type Codec, DecodeError, decode } from '@keytether/codec'
import { CliError } from './errors.ts'

/** @param hint where such files come from */
export function decodedFile<T>(codec: Codec<T>, content: Uint8Array, file: string, hint: string): T {
  try {
    return decode(codec, content, { lengths: 'any' })
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CliError('failed', `${file} is no file for this: ${cause.message}`, [hint], { cause })
  }
}
