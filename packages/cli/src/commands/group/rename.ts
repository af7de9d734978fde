/** `keytether group rename`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function rename(group: Command): void {
  const command = group
    .command('rename')
    .description('Give a group another name')
    .argument('<group>', 'Its name or id')
    .argument('<name>', 'What it is called from now on')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(group: string, name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const renamed = await withService(options, client => client.renameGroup({ params: { group }, body: { name } }))
  report(options, renamed, () => [`it is called ${printable(renamed.name)}`])
}
