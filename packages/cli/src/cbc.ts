/** AES-CBC as commands have it: the initialisation vector in front of the cryptogram, and PKCS #7 padding. */
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { hexBytes } from './bytes-io.ts'
import { CliError } from './errors.ts'

const blockSize = 16

export interface CbcOptions {
  readonly iv?: string
  readonly ivFile?: string
  readonly padding: boolean
}

export function cbcOptions(command: Command, without: string): Command {
  return command
    .addOption(new Option('--iv <hex>', `Initialisation vector; without one, ${without}`).conflicts('ivFile'))
    .option('--iv-file <file>', 'The file with the 16 bytes of the initialisation vector')
    .option('--no-padding', 'AES without padding: for whole blocks of 16 bytes')
}

export async function givenIv({ iv, ivFile }: CbcOptions): Promise<Uint8Array | undefined> {
  if (iv === undefined && ivFile === undefined) return undefined
  const bytes = iv === undefined ? await readFile(ivFile!) : await hexBytes(iv, 'the initialisation vector')
  if (bytes.length === blockSize) return bytes
  throw new CliError('usage', `an initialisation vector has 16 bytes, got ${bytes.length}`)
}

/** RFC 5652, 6.3. */
export function addPadding(text: Uint8Array): Uint8Array {
  const count = blockSize - (text.length % blockSize)
  const padded = new Uint8Array(text.length + count).fill(count)
  padded.set(text)
  return padded
}

/** @throws CliError: with the wrong key or vector, or if the cryptogram was changed, what comes out is rarely padded */
export function removePadding(padded: Uint8Array): Uint8Array {
  const count = padded.at(-1) ?? 0
  const padding = padded.subarray(-count)
  if (count < 1 || count > blockSize || padding.some(byte => byte !== count)) {
    throw new CliError('failed', 'the padding is wrong: another key or initialisation vector, or another cryptogram', [
      'if it was encrypted without padding, add --no-padding',
    ])
  }
  return padded.subarray(0, -count)
}

/** @throws CliError */
export function wholeBlocks(text: Uint8Array, what: string, hints: readonly string[] = []): Uint8Array {
  if (text.length > 0 && text.length % blockSize === 0) return text
  throw new CliError('usage', `${what} has ${text.length} bytes, and not whole blocks of ${blockSize}`, hints)
}

/** What has no vector of its own begins with it. */
export function splitIv(content: Uint8Array): readonly [iv: Uint8Array, cryptogram: Uint8Array] {
  if (content.length >= 2 * blockSize) return [content.subarray(0, blockSize), content.subarray(blockSize)]
  throw new CliError(
    'usage',
    `the cryptogram has ${content.length} bytes, too few for initialisation vector and a block`,
  )
}
