/** The keys of a service that a command uses, and what is authenticated with them. */
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'

export interface KeyOptions {
  readonly key: readonly string[]
}

export function keyOption(command: Command, what: string): Command {
  return command.requiredOption('--key <name...>', what)
}

export interface AssociatedDataOptions {
  readonly associatedData?: string
  readonly associatedDataFile?: string
}

export function associatedDataOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--associated-data <text>',
        'Authenticate this text, too: whoever decrypts has to give the same',
      ).conflicts('associatedDataFile'),
    )
    .option('--associated-data-file <file>', 'The same, the content of a file')
}

export async function associatedDataOf(options: AssociatedDataOptions): Promise<Uint8Array | undefined> {
  if (options.associatedDataFile !== undefined) return readFile(options.associatedDataFile)
  return options.associatedData === undefined ? undefined : new TextEncoder().encode(options.associatedData)
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
