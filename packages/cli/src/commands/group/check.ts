/** `keytether group check`. */
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { groupLines } from './words.ts'

export function check(group: Command): void {
  const command = group
    .command('check')
    .description('Read every key on every token of a group, compare them, and use each once')
    .argument('<group>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.checkGroup({ params: { group: name } }))
  report(options, found, () => groupLines(found))
  if (found.state !== 'healthy' && found.state !== 'empty') {
    throw new CliError('incomplete', `group ${found.name} is ${found.state}`, [
      'what is missing is put there by the service when it can; what is different is left as it is',
    ])
  }
}
