/** Bytes in from a file or standard input, and out as text or as they are. */
import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type Command, Option } from 'commander'

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
  await new Promise<void>((resolve, reject) =>
    process.stdout.write(content, error => (error ? reject(error) : resolve())),
  )
}

function formatted(format: 'hex' | 'base64', bytes: Uint8Array): string {
  return Buffer.from(bytes).toString(format)
}

/** @param file absent or `-`: standard input */
export async function readContent(file: string | undefined): Promise<Uint8Array> {
  return file === undefined || file === '-' ? await buffer(process.stdin) : await readFile(file)
}
