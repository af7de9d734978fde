/** Tokens that a service has just made, and shows this once. */
import type { Command } from 'commander'
import { writeNewFile } from '../atomic-file.ts'

export interface NewTokenOptions {
  readonly out?: string
}

export function newTokenOption(command: Command): Command {
  return command.option('--out <file>', 'Write the token to a file of this user alone, instead of showing it')
}

/**
 * @param made what the service answered
 * @returns the same without the token if that went to a file
 */
export async function keepToken<T extends { readonly token: string }>(
  { out }: NewTokenOptions,
  made: T,
): Promise<{ readonly document: object; readonly line: readonly [string, string] }> {
  if (out === undefined) return { document: made, line: ['Token', `${made.token}, shown this once`] }
  await writeNewFile(out, `${made.token}\n`)
  const { token: _, ...rest } = made
  return { document: { ...rest, tokenFile: out }, line: ['Token', `in ${out}`] }
}
