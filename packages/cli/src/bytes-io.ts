/** Bytes in from a file or standard input, and out as text or as they are. */
import { isUtf8 } from 'node:buffer'
import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type Command, Option } from 'commander'
import { CliError } from './errors.ts'

const formats = ['hex', 'base64', 'raw'] as const

export interface BytesOptions {
  readonly format: (typeof formats)[number]
  readonly out?: string
}

export function bytesOptions(command: Command, standard: BytesOptions['format']): Command {
  return command
    .addOption(new Option('--format <format>', 'How to write the bytes').choices(formats).default(standard))
    .option('--out <file>', 'Write to a file instead of standard output')
}

export async function writeBytes(options: BytesOptions, bytes: Uint8Array): Promise<void> {
  const content = options.format === 'raw' ? bytes : `${formatted(options.format, bytes)}\n`
  await writeContent(options.out, content)
}

export async function writeContent(out: string | undefined, content: string | Uint8Array): Promise<void> {
  if (out !== undefined) return await writeFile(out, content)
  if (process.stdout.isTTY && typeof content !== 'string' && !isText(content))
    throw new CliError('usage', 'this is binary, which a terminal cannot show', ['add --out FILE, or redirect it'])
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(content, error => {
      const enough = (error as NodeJS.ErrnoException | null | undefined)?.code === 'EPIPE'
      if (error && !enough) reject(error)
      else resolve()
    }),
  )
}

/** Nothing in it makes a terminal do anything but print. */
function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.some(byte => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f)
}

function formatted(format: 'hex' | 'base64', bytes: Uint8Array): string {
  return Buffer.from(bytes).toString(format)
}

/** @param file absent or `-`: standard input */
export async function readContent(file: string | undefined): Promise<Uint8Array> {
  return file === undefined || file === '-' ? await buffer(process.stdin) : await readFile(file)
}

/**
 * Bytes out of an option.
 *
 * @param what for the message
 */
export async function hexBytes(text: string, what: string): Promise<Uint8Array> {
  if (!/^([0-9a-f]{2})+$/i.test(text)) {
    throw new CliError('usage', `${what} ${text} is not an even number of hexadecimal digits`)
  }
  const { fromHex } = await import('@keytether/codec')
  return fromHex(text)
}
