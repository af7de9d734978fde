/** The password of a key file. */
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { askHidden, firstLine, variableValue } from '../pin.ts'

export interface KeyPasswordOptions {
  readonly keyPasswordFile?: readonly string[]
  readonly keyPasswordEnv?: readonly string[]
}

export function keyPasswordOptions(command: Command): Command {
  const often = 'once for all key files, or once for each'
  return command
    .option(
      '--key-password-file <file>',
      `Read the password of key files from the first line of a file; ${often}`,
      collect,
    )
    .option(
      '--key-password-env <name>',
      `Take the password of key files from an environment variable; ${often}`,
      collect,
    )
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** Of each of so many key files; undefined if the options say nothing. */
export async function givenKeyPasswords(
  { keyPasswordFile: files = [], keyPasswordEnv: names = [] }: KeyPasswordOptions,
  count: number,
): Promise<readonly (string | undefined)[]> {
  const passwords = [
    ...(await Promise.all(files.map(firstLine))),
    ...names.map(name => variableValue(name, 'password of the key file')),
  ]
  if (passwords.length <= 1) return Array.from({ length: count }, () => passwords[0])
  if (passwords.length === count) return passwords
  throw new CliError('usage', `${passwords.length} passwords were given for ${count} key files`)
}

export async function askKeyPassword(file: string): Promise<string> {
  if (process.stdin.isTTY) return await askHidden(`password of ${file}`, () => undefined, undefined)
  throw new CliError('pin', `${file} has a password, and there is no terminal to ask on`, [
    'give it with --key-password-file or --key-password-env',
  ])
}
