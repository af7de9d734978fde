/** Options of commands that need a device opened. */
import type { Command } from 'commander'

export interface CustodianOptions {
  readonly custodian?: readonly string[]
  readonly custodianPinFile?: readonly string[]
}

export function custodianOptions(command: Command): Command {
  return command
    .option(
      '--custodian <key>',
      'Authenticate with a registered key: reader:NAME or emulator:FILE for a token, NAME=FILE for a key file; once for each',
      collect,
    )
    .option(
      '--custodian-pin-file <file>',
      "Read the PIN of a custodian's token; once for each token, in order",
      collect,
    )
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
