/** `keytether group create`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly domain?: string
}

export function create(group: Command): void {
  const command = group
    .command('create')
    .description('Make a group')
    .argument('<name>', 'What it is called')
    .option('--domain <value>', 'Key check value or unique id of its key domain; default: that of the first token')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: Options): Promise<void> {
  const { domain: keyDomain } = options
  const body = { name, ...(keyDomain !== undefined && { keyDomain }) }
  const made = await withService(options, client => client.createGroup({ body }))
  report(options, made, () => [`group ${printable(made.name)} is made: move tokens into it`])
}
