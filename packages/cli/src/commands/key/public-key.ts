/** `keytether key public-key`. */
import type { Command } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { printable } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { whole } from './options.ts'

interface Options extends ServiceOptions {
  readonly keyVersion?: number
  readonly out?: string
}

export function publicKey(key: Command): void {
  const command = key
    .command('public-key')
    .description('Print its public key, PEM')
    .argument('<key>', 'Its name or id')
    .option('--key-version <number>', 'Of this version; default the primary one', whole(1, 1_000_000))
    .option('--out <file>', 'Write to a file instead of standard output')
  serviceOptions(command).action(run)
}

async function run(name: string, { keyVersion: version, out, ...options }: Options): Promise<void> {
  const { primary, kind, versions } = await withService(options, client => client.getKey({ params: { key: name } }))
  const found = versions.find(each => each.version === (version ?? primary))
  if (found === undefined)
    throw new CliError('notFound', `${printable(name)} has no version ${version ?? 'in use yet'}`)
  if (found.publicKey === undefined)
    throw new CliError('failed', `${printable(name)} is of kind ${kind}, or not made yet: there is no public key`)
  await writeContent(out, found.publicKey)
}
