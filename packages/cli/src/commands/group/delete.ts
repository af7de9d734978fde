/** `keytether group delete`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function remove(group: Command): void {
  const command = group
    .command('delete')
    .description('Delete a group that has neither tokens nor keys')
    .argument('<group>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(group: string, options: ServiceOptions & OutputOptions): Promise<void> {
  await withService(options, client => client.deleteGroup({ params: { group } }))
  report(options, { deleted: group }, () => [`group ${printable(group)} is deleted`])
}
