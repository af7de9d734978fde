/** `keytether device label`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function label(device: Command): void {
  const command = device
    .command('label')
    .description('Name the token itself, for whatever reads it')
    .argument('<device>', 'Its name')
    .argument('<label>', 'What to write')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, label: string, options: ServiceOptions & OutputOptions): Promise<void> {
  await withService(options, client => client.labelDevice({ params: { device }, body: { label } }))
  report(options, { device, label }, () => [`${printable(device)} has the label ${printable(label)}`])
}
