/** `keytether key show`. */
import type { Command } from 'commander'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { keyLines } from './words.ts'

export function show(key: Command): void {
  const command = key
    .command('show')
    .description('A key with its versions, and the tokens that hold them')
    .argument('<key>', 'Its name or id')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: ServiceOptions & OutputOptions): Promise<void> {
  const found = await withService(options, client => client.getKey({ params: { key: name } }))
  report(options, found, () => keyLines(found))
}
