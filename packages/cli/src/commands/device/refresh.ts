/** `keytether device refresh`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { deviceLines } from './words.ts'

export function refresh(device: Command): void {
  const command = device
    .command('refresh')
    .description('Ask one for what is shown of it')
    .argument('<device>', 'Its name')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(device: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.refreshDevice({ params: { device } }))
  report(options, found, () => deviceLines(found))
}
