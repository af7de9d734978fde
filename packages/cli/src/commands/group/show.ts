/** `keytether group show`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { groupLines } from './words.ts'

export function show(group: Command): void {
  const command = group
    .command('show')
    .description('A group: its tokens, and every key on each of them, as far as is known')
    .argument('<group>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.getGroup({ params: { group: name } }))
  report(options, found, () => groupLines(found))
}
