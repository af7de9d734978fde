/** `keytether device show`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { deviceLines } from './words.ts'

export function show(device: Command): void {
  const command = device
    .command('show')
    .description('All that is known of one; nothing is asked of it')
    .argument('<device>', 'Its name, id or path, or the last part of that')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.getDevice({ params: { device } }))
  report(options, found, () => deviceLines(found))
}
