/** `keytether key attest`. */
import type { Command } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { whole } from './options.ts'

interface Options extends ServiceOptions {
  readonly keyVersion?: number
  readonly out?: string
}

export function attest(key: Command): void {
  const command = key
    .command('attest')
    .description('Show to others that a token made it: for `keytether verify-attestation`')
    .argument('<key>', 'Its name or id')
    .option('--key-version <number>', 'Of this version; default the primary one', whole(1, 1_000_000))
    .option('--out <file>', 'Write to a file instead of standard output')
  serviceOptions(command).action(run)
  examples(command, [['keytether key attest web --out web.attestation', 'to be sent to who wants to know']])
}

async function run(name: string, { keyVersion: version, out, ...options }: Options): Promise<void> {
  const query = version === undefined ? {} : { version }
  const found = await withService(options, client => client.getAttestation({ params: { key: name }, query }))
  await writeContent(out, found.attestation)
  if (out !== undefined) console.error(found.statement)
}
