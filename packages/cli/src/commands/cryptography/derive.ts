/** `keytether derive`. */
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, writeBytes } from '../../bytes-io.ts'
import { examples } from '../../examples.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { base64, fromBase64 } from './key-option.ts'

type Options = ServiceOptions & BytesOptions & { readonly key: string }

export function derive(program: Command): void {
  const command = program
    .command('derive')
    .description('Derive 32 bytes from an AES key of a service and a label')
    .argument('<label>', 'Text that says what they are for')
    .requiredOption('--key <name>', 'AES key of the service')
  bytesOptions(serviceOptions(command), 'hex').action(run)
  examples(command, [['keytether derive "database, 2027" --key root', 'always the same for the same label']])
}

async function run(label: string, options: Options): Promise<void> {
  const body = { label: base64(new TextEncoder().encode(label)) }
  const { secret } = await withService(options, client => client.derive({ params: { key: options.key }, body }))
  await writeBytes(options, fromBase64(secret))
}
