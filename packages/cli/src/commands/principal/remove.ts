/** `keytether principal delete`. */
import type { Command } from 'commander'
import { confirm } from '../../confirm.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

export function remove(parent: Command): void {
  const command = parent
    .command('delete')
    .description('Delete a principal with its tokens; what it did stays in the history')
    .argument('<name>', 'Its name or id')
    .option('--yes', 'Do not ask')
  outputOptions(serviceOptions(command)).action(run)
  examples(command, [['keytether principal delete web', 'refused while it is the last administrator']])
}

async function run(name: string, options: ServiceOptions & OutputOptions & { readonly yes?: true }): Promise<void> {
  await withService(options, async (client, signal) => {
    await confirm(options, `Delete ${name}?`, signal)
    await client.deletePrincipal({ params: { principal: name } })
  })
  report(options, { deleted: name }, () => [`${name} is deleted`])
}
