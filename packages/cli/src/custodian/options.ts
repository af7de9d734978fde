/** Options of commands that need a device opened. */
import type { Command } from 'commander'

export interface CustodianOptions {
  readonly custodian?: readonly string[] | undefined
  readonly custodianPinFile?: readonly string[] | undefined
}

/** @param prefix tells the options of a second card from those of the first */
export function custodianOptions(command: Command, prefix: '' | 'to-' = ''): Command {
  return command
    .option(
      `--${prefix}custodian <key>`,
      'Authenticate with a registered key: reader:NAME or emulator:FILE for a token, NAME=FILE for a key file; once for each',
      collect,
    )
    .option(
      `--${prefix}custodian-pin-file <file>`,
      "Read the PIN of a custodian's token; once for each token, in order",
      collect,
    )
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
