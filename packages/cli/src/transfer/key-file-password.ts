/** The password of a key file. */
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { askHidden, firstLine, variableValue } from '../pin.ts'

export interface KeyPasswordOptions {
  readonly keyPasswordFile?: string
  readonly keyPasswordEnv?: string
}

export function keyPasswordOptions(command: Command): Command {
  return command
    .option('--key-password-file <file>', 'Read the password of the key file from the first line of a file')
    .option('--key-password-env <name>', 'Take the password of the key file from an environment variable')
}

/** Undefined if the options say nothing. */
export async function givenKeyPassword(options: KeyPasswordOptions): Promise<string | undefined> {
  const { keyPasswordFile: file, keyPasswordEnv: name } = options
  if (file !== undefined) return await firstLine(file)
  return name === undefined ? undefined : variableValue(name, 'password of the key file')
}

export async function askKeyPassword(): Promise<string> {
  if (process.stdin.isTTY) return await askHidden('password of the key file', () => undefined, undefined)
  throw new CliError('pin', 'the key file has a password, and there is no terminal to ask on', [
    'give it with --key-password-file or --key-password-env',
  ])
}
