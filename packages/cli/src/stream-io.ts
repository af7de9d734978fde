/** Bytes of any length, in from a file or standard input, and out as they come. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CliError } from './errors.ts'

/** @param file absent or `-`: standard input */
export function readStream(file: string | undefined): AsyncIterable<Uint8Array> {
  return file === undefined || file === '-' ? process.stdin : createReadStream(file)
}

/**
 * A file is there whole or not at all, durable when this returns, and readable by this user alone. What goes to standard output
 * is there as it comes.
 */
export async function writeStream(
  out: string | undefined,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { text = false } = {},
): Promise<void> {
  if (out === undefined) {
    if (process.stdout.isTTY && !text)
      throw new CliError('usage', 'this is binary, which a terminal cannot show', ['add --out FILE, or redirect it'])
    await pipeline(Readable.from(parts, { objectMode: false }), process.stdout, { end: false })
    return
  }
  const draft = `${out}.${randomBytes(4).toString('hex')}`
  try {
    {
      await using file = await open(draft, 'wx', 0o600)
      for await (const part of parts) await file.writeFile(part)
      await file.sync()
    }
    await rename(draft, out)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await using folder = await open(dirname(out))
  await folder.sync()
}
